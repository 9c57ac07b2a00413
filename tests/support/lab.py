"""One table of one's own choosing, from a real source to bronze, for tests of how changes are found."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pymysql

from demo.servers.mariadb import MariaDb
from lakehouse import bronze, delta, ledger, pipeline, session
from lakehouse.contracts import Catalog, Curation, Table
from lakehouse.extract import Extraction
from lakehouse.lake import State
from lakehouse.ledger import RunReport, TableRecord
from lakehouse.quoting import mysql
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source.select import plain

NUMBERS = itertools.count()


@dataclass(frozen=True)
class Lab:
    """A table in a source database of its own, and a lake of its own."""

    server: MariaDb
    settings: Settings
    table: Table

    @property
    def catalog(self) -> Catalog:
        """The catalog of this one table."""
        return Catalog({self.table.name: Curation(self.table, lambda rows: rows, "1")})

    def sql(self, *statements: str) -> None:
        """Runs statements in one transaction."""
        with self.connection() as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()

    def connection(self) -> pymysql.Connection:
        """A session of an application, in UTC."""
        return pymysql.connect(
            host=self.server.host, port=self.server.port, user="root", password=self.server.admin_password,
            database=self.settings.source.database, init_command="SET time_zone='+00:00'", charset="utf8mb4",
        )  # fmt: skip

    def opened(self, mode: pipeline.Mode = "incremental", **more: object) -> pipeline.Run:
        """A run, opened."""
        return pipeline.start(self.settings, self.catalog, mode, **more)

    def run(self, mode: pipeline.Mode = "incremental", **more: object) -> Extraction | None:
        """One run as far as bronze; None where there was nothing to do."""
        opened, name = self.opened(mode, **more), self.table.name
        opened.extractor(name).check()
        before = self.state
        if before is not None and mode == "incremental" and not opened.extractor(name).changed(before):
            return None
        found = pipeline.settle(lambda: pipeline._extract(opened, name))
        assert found.proven
        assert self.state is not None
        record = TableRecord(name, found.kind, seq=self.state.seq)
        ledger.append(
            opened.lake, RunReport(opened.run_id, mode, "", "", "done", (record,), (), 0, 0, True, opened.horizon.at)
        )
        return found

    @property
    def state(self) -> State | None:
        """The newest bronze commit."""
        return pipeline.Lake.of(self.settings).state("bronze", self.table.name)

    def at_source(self) -> set[tuple]:
        """All rows of the source, in the forms in which they are extracted."""
        with self.connection() as connection:
            cursor = connection.cursor()
            cursor.execute(plain(self.table, "TRUE"))
            return {tuple(row) for row in cursor.fetchall()}

    def in_bronze(self) -> list[tuple]:
        """The latest version of each live key."""
        lake, spark = pipeline.Lake.of(self.settings), session.spark(self.settings)
        everything = delta.read(spark, lake, "bronze", self.state, self.table.name)
        live = bronze.latest(everything, self.table).where("_op = 'upsert'")
        rows = live.select(*[mysql(c.name) for c in self.table.columns]).collect()
        return [tuple(_naive(value) for value in row) for row in rows]

    def holds_the_source(self) -> bool:
        """True where bronze-latest has exactly the rows of the source, each once."""
        rows, there = self.in_bronze(), self.at_source()
        return len(rows) == len(there) and set(rows) == there

    def with_settings(self, **more: object) -> "Lab":
        """The same lab under other settings."""
        return replace(self, settings=self.settings.model_copy(update=more))


@contextmanager
def lab(server: MariaDb, lake: str, table: Table, ddl: str, **settings: object) -> Iterator[Lab]:
    """A lab with an empty table made by `ddl`, gone at the end."""
    name = f"lab{os.getpid()}_{next(NUMBERS)}"
    source = SourceSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=name, tls="off",
        grace_seconds=0,
    )  # fmt: skip
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        root.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        opened = Lab(server, Settings(source=source, lake=lake, **settings), table)
        opened.sql(ddl)
        yield opened
        root.cursor().execute(f"DROP DATABASE {name}")


def _naive(value: object) -> object:
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value
