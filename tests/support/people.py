"""The tiny shop with persons in it: who ordered, who visited, what must not be kept of them."""

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from pydantic import SecretStr
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import erasure, ledger, mirrors, pipeline, presentation
from lakehouse.checks import quarantine
from lakehouse.contracts import Catalog, Column, Curation, Cursor, Mart, Recipe, Snapshot, Table
from lakehouse.erasure import Receipt
from lakehouse.ledger import RunReport, TableRecord
from lakehouse.settings import PrivacySettings
from lakehouse.warehouse.mirrored import places
from tests.support import shop
from tests.support.shop import Shop

KEY = "canary-key-of-the-hashes"
ANN = 1977000777
MAIL, NOTE = "ann.canary@example.org", "ring twice, says the canary"
NUMBERS = itertools.count()

ORDERS = Table(
    name="orders",
    key=("id",),
    strategy=Cursor("updated_at"),
    columns=(
        Column("id", "BIGINT", nullable=False),
        Column("user_id", "BIGINT", pii="identifier"),
        Column("mail", "STRING", stored="VARCHAR(100)", pii="personal"),
        Column("note", "STRING", stored="TEXT", free_text=True),
        Column("price", "DECIMAL(12,2)"),
        Column("updated_at", "TIMESTAMP(6)", nullable=False),
    ),
    checks=(quarantine("price_not_negative", "price >= 0"),),
    history=True,
    withheld=("passport",),
)
VISITS = Table(
    name="visits",
    key=("user_id", "n"),
    strategy=Snapshot(),
    columns=(
        Column("user_id", "BIGINT", stored="INT", nullable=False, pii="identifier"),
        Column("n", "INT", nullable=False),
        Column("page", "VARCHAR(20)"),
    ),
)
DDL = (
    "DROP TABLE orders",
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, user_id BIGINT, mail VARCHAR(100), note TEXT, price DECIMAL(12,2), "
    "passport VARCHAR(20), shoe_size INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) "
    "ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))",
    "CREATE TABLE visits (user_id INT, n INT, page VARCHAR(20), PRIMARY KEY (user_id, n))",
)
ROWS = (
    "INSERT INTO orders (id, user_id, mail, note, price, passport, shoe_size) VALUES "
    f"(1, {ANN}, '{MAIL}', '{NOTE}', 10, 'P1', 38), (2, {ANN}, '{MAIL}', NULL, 5, 'P1', 38), "
    f"(3, {ANN}, '{MAIL}', NULL, -1, 'P1', 38), (4, 11, 'bob@example.org', 'by night', 7, 'P2', 44), "
    "(5, NULL, NULL, NULL, 3, NULL, NULL), (6, 12, 'bob@example.org', NULL, 2, 'P3', 41)",
    f"INSERT INTO visits VALUES ({ANN}, 1, 'home'), ({ANN}, 2, 'list'), (11, 1, 'home'), (2000000000, 1, 'end')",
)


def _spend(orders: DataFrame) -> DataFrame:
    live = orders.where("_deleted_at IS NULL")
    return live.groupBy("user_id").agg(F.count("*").alias("orders"), F.sum("price").cast("DECIMAL(14,2)").alias("paid"))


def _totals(orders: DataFrame, orders_history: DataFrame, visits: DataFrame, as_of: date) -> DataFrame:
    live = orders.where("_deleted_at IS NULL")
    visited = visits.where("_deleted_at IS NULL").groupBy("user_id").agg(F.count("*").alias("visits"))
    versions = orders_history.agg(F.count("*").alias("versions"))
    return live.join(visited, "user_id", "left").agg(
        F.lit(1).alias("one"), F.count("*").alias("orders"), F.sum("price").cast("DECIMAL(14,2)").alias("paid"),
        F.count_distinct("user_id").alias("users"), F.count_distinct("mail").alias("mails"),
        F.sum("visits").alias("visits"),
    ).crossJoin(versions)  # fmt: skip


def _same(rows: DataFrame) -> DataFrame:
    return rows


CATALOG = Catalog(
    tables={"orders": Curation(ORDERS, _same, "1"), "visits": Curation(VISITS, _same, "1")},
    marts={
        "spend": Recipe(Mart("spend", ("user_id",), ""), _spend, ("orders",), "1"),
        "totals": Recipe(Mart("totals", ("one",), ""), _totals, ("orders", "orders_history", "visits"), "1"),
    },
)


@dataclass(frozen=True)
class People:
    """The shop, and all that was logged while it was open."""

    shop: Shop
    logged: list[str] = field(default_factory=list)

    @property
    def lake(self) -> pipeline.Lake:
        return pipeline.Lake.of(self.shop.settings)

    def under(self, **privacy: object) -> "People":
        """The same shop, hidden by other settings."""
        settings = self.shop.settings.model_copy(update={"privacy": PrivacySettings(**privacy)})
        return replace(self, shop=replace(self.shop, settings=settings))

    def run(self, mode: pipeline.Mode = "incremental") -> dict[str, TableRecord]:
        """A run as far as the warehouse; what it did with each table that had something to do."""
        opened = pipeline.start(self.shop.settings, CATALOG, mode)
        todo = [name for name in CATALOG.tables if pipeline.pending(opened, name)]
        records = tuple(pipeline.ingest(opened, name) for name in todo)
        built, states = presentation.build(opened, frozenset(CATALOG.marts))
        assert [mart for mart in built if mart.error] == []
        _, proofs = presentation.publish(opened, self.shop.engine, states)
        assert all(proofs.values())
        assert [
            mirror.error
            for mirror in mirrors.refresh(opened, self.shop.engine, mirrors.due(opened, self.shop.engine))
            if mirror.error
        ] == []
        report = RunReport(opened.run_id, mode, "", "", "done", records, (), 0, 0, True, opened.horizon.at)
        ledger.append(opened.lake, report)
        return {record.name: record for record in records}

    def erase(self, person: object = ANN) -> Receipt:
        return erasure.erase(self.shop.settings, CATALOG, self.shop.engine, str(person))

    def totals(self) -> tuple:
        """What the warehouse says, without who."""
        with self.shop.engine.connect() as connection:
            spend = connection.exec_driver_sql("SELECT orders, paid FROM presentation.spend ORDER BY 1, 2").fetchall()
            return spend, connection.exec_driver_sql("SELECT * FROM presentation.totals").one()

    def users(self) -> set:
        """The users whom the warehouse shows."""
        with self.shop.engine.connect() as connection:
            return set(connection.exec_driver_sql("SELECT user_id FROM presentation.spend").scalars())

    def silver(self, table: str, column: str) -> list:
        return self.lake.open("silver", table).to_pyarrow_dataset().to_table().column(column).to_pylist()

    def mirrored(self) -> dict[str, str]:
        """All rows of each mirror in the warehouse, as text."""
        with self.shop.engine.connect() as connection:
            return {
                place.relation.where: str(
                    connection.exec_driver_sql(f"SELECT * FROM {place.relation.where}").fetchall()
                )
                for place in places(CATALOG)
            }

    def everything_in_the_lake(self) -> str:
        """Each value of each Parquet file with its statistics, and each commit, as text."""
        found = []
        for path in sorted(path for path in Path(self.shop.settings.lake_root).rglob("*") if path.is_file()):
            if path.suffix == ".parquet":
                found += [str(pq.read_table(path).to_pylist()), str(pq.read_metadata(path).to_dict())]
            else:
                found.append(path.read_bytes().decode(errors="replace"))
        return "\n".join(found)


class _Ear(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.getMessage()} {record.exc_info}")


@contextmanager
def open_people(source: MariaDb, warehouse: Postgres, lake: Path | str) -> Iterator[People]:
    """A fresh shop with Ann, Bob and others in it."""
    opened = shop.open_shop(source, warehouse, str(lake), f"people{next(NUMBERS)}")
    opened.sql(*DDL)
    opened.sql(*ROWS)
    settings = opened.settings.model_copy(update={"privacy": PrivacySettings(key=SecretStr(KEY))})
    found = People(replace(opened, settings=settings))
    ear = _Ear(found.logged)
    logging.getLogger("lakehouse").addHandler(ear)
    yield found
    logging.getLogger("lakehouse").removeHandler(ear)
    opened.engine.dispose()
