"""The lab's own rows through the product's code, against a plain reading of its files."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import pipeline
from lakehouse.ledger import TableRecord
from lakehouse.window import moment
from tests.real import files, tables
from tests.reference import MARTS, World
from tests.reference.cleaning import clean

FOLDER = Path(__file__).parents[1] / "data" / "lab"
FILES = ("apartments", "apartment_attributes", "bookings", "user_viewing")
DAYS = ("listing_created_on", "last_modified_timestamp", "booking_date", "viewed_at")
DATES = ("checkin_date", "checkout_date")
NUMBERS = ("price", "total_price", "fee", "bathrooms", "latitude", "longitude")
WHOLE = ("id", "booking_id", "user_id", "apartment_id", "bedrooms", "square_feet")


@dataclass(frozen=True)
class Lab:
    """One run over the lab's rows."""

    opened: pipeline.Run
    records: dict[str, TableRecord]
    engine: Engine


def plain(column: str, text: str) -> object:
    """A value of the files in the type it has for the reference."""
    if column in DAYS or column in DATES:
        at = datetime.strptime(text, "%d/%m/%Y")
        return at.date() if column in DATES else at
    if column in NUMBERS:
        return Decimal(text)
    if column in WHOLE:
        return int(text)
    return {"True": 1, "False": 0}.get(text, text)


def expected(table: str) -> list[dict]:
    """The rows of a file, typed; `updated_at`, which the lab has not, is any moment."""
    extra = {"updated_at": datetime(2025, 1, 1)} if table == "bookings" else {}
    return [{c: plain(c, t) for c, t in row.items()} | extra for row in files.read(FOLDER / f"{table}.csv")]


@pytest.fixture(scope="module")
def lab(source_server: MariaDb, warehouse_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    settings = files.database(source_server, "lab", tmp_path_factory.mktemp("lab") / "lake")
    catalog = tables.lab()
    for name, spec in catalog.tables.items():
        found = files.read(FOLDER / f"{name}.csv") if name in FILES else []
        files.load(source_server, "lab", spec.table, found)
    opened, records = files.ingest(settings, catalog)
    engine = create_engine(warehouse_server.url("psycopg", "warehouse"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS presentation CASCADE")
    _, states = pipeline.build(opened, frozenset(catalog.marts))
    _, proofs = pipeline.publish(opened, engine, states)
    assert all(proofs.values())
    yield Lab(opened, records, engine)
    engine.dispose()


def differences(table: str, actual: list[dict], wanted: list[dict]) -> list[tuple]:
    """Values that are in one and not in the other; columns of the lake's own aside."""
    columns = [c for c in wanted[0] if c in actual[0]]
    found, told = (Counter(tuple(str(row[c]) for c in columns) for row in side) for side in (actual, wanted))
    return sorted(((found - told) + (told - found)).elements())


@pytest.mark.parametrize("table", FILES)
def test_bronze_holds_each_value_of_the_file(lab: Lab, table: str) -> None:
    actual = files.rows(lab.opened, "bronze", table)
    raw = files.read(FOLDER / f"{table}.csv")
    numeric = (*NUMBERS, *WHOLE)

    assert lab.records[table].balanced
    assert len(actual) == len(raw) == 10
    for column in raw[0]:
        if column in numeric:
            assert sorted(Decimal(r[column]) for r in raw) == sorted(Decimal(r[column]) for r in actual), column
        else:
            assert sorted(r[column] for r in raw) == sorted(r[column] for r in actual), column


@pytest.mark.parametrize("table", FILES)
def test_silver_holds_the_clean_rows_exactly_and_quarantine_the_others_by_rule(lab: Lab, table: str) -> None:
    verdicts = [clean(table, row) for row in expected(table)]
    good = [v for v in verdicts if isinstance(v, dict)]
    actual = files.rows(lab.opened, "silver", table)

    assert lab.records[table].rejected == dict(Counter(v for v in verdicts if isinstance(v, str)))
    assert len(actual) == len(good) > 0
    for column in set(good[0]) & set(actual[0]) - {"amenities"}:
        assert Counter(r[column] for r in actual) == Counter(r[column] for r in good), column


def test_a_changed_value_is_noticed(lab: Lab) -> None:
    actual = files.rows(lab.opened, "silver", "apartments")
    wanted = [{"id": row["id"], "price": row["price"].quantize(Decimal("0.01"))} for row in expected("apartments")]
    assert differences("apartments", actual, wanted) == []

    wanted[0]["price"] += Decimal("0.01")

    assert len(differences("apartments", actual, wanted)) == 2


@pytest.mark.parametrize("name", MARTS)
def test_each_metric_equals_the_reference(lab: Lab, name: str) -> None:
    at = moment(lab.opened.horizon.now).replace(tzinfo=None)
    source = {table: expected(table) for table in FILES} | {"exchange_rates": []}
    for row in source["apartments"]:
        row["last_modified_timestamp"] = at  # without a cursor, a version holds from when it was read
    world = World()
    world.observe(source, at)

    with lab.engine.connect() as connection:
        found = connection.exec_driver_sql(f'SELECT * FROM presentation."{name}"').mappings().fetchall()

    wanted = Counter(tuple(sorted(row.items())) for row in MARTS[name](world, lab.opened.as_of))
    assert Counter(tuple(sorted(dict(row).items())) for row in found) == wanted
