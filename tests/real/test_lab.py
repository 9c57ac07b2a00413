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
from lakehouse import pipeline, presentation
from lakehouse.ledger import TableRecord
from lakehouse.window import moment
from tests.real import files, tables
from tests.reference import MARTS, World
from tests.reference.cleaning import clean

FOLDER = Path(__file__).parents[1] / "data" / "lab"
FILES = ("apartments", "apartment_attributes", "bookings", "user_viewing")
WITHOUT_ROWS = {  # all of the lab's clean bookings are pending
    "average_booking_duration_weekly", "cancellations_monthly", "gross_booking_value_daily", "guest_cohorts_monthly",
    "popular_locations_weekly", "top_listings_weekly",
}  # fmt: skip
CURSORS = {"apartments": "last_modified_timestamp", "bookings": "updated_at"}
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
    marts, states = presentation.build(opened, frozenset(catalog.marts))
    assert [mart for mart in marts if mart.error] == []
    _, proofs = presentation.publish(opened, engine, states)
    assert all(proofs.values())
    yield Lab(opened, records, engine)
    engine.dispose()


def whole(rows: list[dict], columns: set[str]) -> Counter:
    """Whole rows, numbers as numbers, so that no value can move to another row unseen."""
    numeric = {*NUMBERS, *WHOLE}
    return Counter(
        tuple((c, Decimal(row[c]) if c in numeric and row[c] is not None else row[c]) for c in sorted(columns))
        for row in rows
    )


@pytest.mark.parametrize("table", FILES)
def test_bronze_holds_each_row_of_the_file(lab: Lab, table: str) -> None:
    actual, raw = files.rows(lab.opened, "bronze", table), files.read(FOLDER / f"{table}.csv")

    assert lab.records[table].balanced
    assert len(raw) == 10
    assert whole(actual, set(raw[0])) == whole(raw, set(raw[0]))


@pytest.mark.parametrize("table", FILES)
def test_silver_holds_the_clean_rows_exactly_and_quarantine_the_others_by_rule(lab: Lab, table: str) -> None:
    verdicts = [clean(table, row) for row in expected(table)]
    good = [v for v in verdicts if isinstance(v, dict)]
    actual = files.rows(lab.opened, "silver", table)
    columns = set(good[0]) & set(actual[0]) - {"amenities"}

    assert lab.records[table].rejected == dict(Counter(v for v in verdicts if isinstance(v, str)))
    assert whole(actual, columns) == whole(good, columns)


@pytest.mark.parametrize(("column", "other"), [("price", "0.01"), ("cityname", "Elsewhere"), ("cityname", None)])
def test_a_single_changed_value_is_noticed(lab: Lab, column: str, other: str | None) -> None:
    table = "apartments" if column == "price" else "apartment_attributes"
    raw = files.read(FOLDER / f"{table}.csv")
    actual = files.rows(lab.opened, "bronze", table)
    assert whole(actual, set(raw[0])) == whole(raw, set(raw[0]))

    changed = [raw[0] | {column: other}, *raw[1:]]

    assert whole(actual, set(raw[0])) != whole(changed, set(raw[0]))


@pytest.mark.parametrize("name", MARTS)
def test_each_metric_equals_the_reference(lab: Lab, name: str) -> None:
    at = moment(lab.opened.horizon.now).replace(tzinfo=None)
    source = {table: expected(table) for table in FILES} | {"exchange_rates": []}
    for row, cursor in [(row, name) for table, name in CURSORS.items() for row in source[table]]:
        row[cursor] = at  # without a cursor, a version holds from when it was read
    world = World()
    world.observe(source, at)

    with lab.engine.connect() as connection:
        found = connection.exec_driver_sql(f'SELECT * FROM presentation."{name}"').mappings().fetchall()

    wanted = Counter(tuple(sorted(row.items())) for row in MARTS[name](world, lab.opened.as_of))
    assert bool(wanted) == (name not in WITHOUT_ROWS), "an empty mart equals an empty reference too easily"
    assert Counter(tuple(sorted(dict(row).items())) for row in found) == wanted
