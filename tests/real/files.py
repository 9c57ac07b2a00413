"""Files read plainly, loaded into a real database as they are, and what the pipeline made of them."""

import csv
from pathlib import Path

import pymysql

from demo.servers.mariadb import MariaDb
from lakehouse import pipeline, session
from lakehouse.contracts import Catalog, Table
from lakehouse.ledger import TableRecord
from lakehouse.settings import Settings, SourceSettings


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file, each value as the text that stands there."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def database(server: MariaDb, name: str, lake: Path) -> Settings:
    """A fresh database, and the settings that lead from it to a lake."""
    with connect(server) as root, root.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    source = SourceSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=name, tls="off",
        grace_seconds=0,
    )  # fmt: skip
    return Settings(source=source, lake=str(lake))


def connect(server: MariaDb, database: str | None = None) -> pymysql.Connection:
    """A session of the administrator."""
    return pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password, database=database,
        charset="utf8mb4", autocommit=True,
    )  # fmt: skip


def load(server: MariaDb, name: str, table: Table, rows: list[dict[str, str]]) -> None:
    """Makes the table that the declaration expects and fills it with a file's values, untouched."""
    columns = ", ".join(f"`{c.source_name}` {source_type(c.source_type)}" for c in table.columns)
    keys = ", ".join(f"`{k}`" for k in table.key)
    marks = ", ".join(["%s"] * len(table.columns))
    with connect(server, name) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE `{table.source_name}` ({columns}, PRIMARY KEY ({keys}))")
        values = [[row[c.source_name] for c in table.columns] for row in rows]
        cursor.executemany(f"INSERT INTO `{table.source_name}` VALUES ({marks})", values)


def source_type(name: str) -> str:
    """A declared type as MariaDB writes it."""
    return "TEXT" if name == "STRING" else name


def ingest(settings: Settings, catalog: Catalog) -> tuple[pipeline.Run, dict[str, TableRecord]]:
    """All tables of one run, source to silver."""
    opened = pipeline.start(settings, catalog)
    return opened, {name: pipeline.ingest(opened, name) for name in catalog.tables}


def rows(opened: pipeline.Run, layer: str, table: str) -> list[dict]:
    """The rows of a table of the lake."""
    frame = session.child(opened.settings).read.format("delta").load(opened.lake.spark_path(layer, table))
    return [row.asDict() for row in frame.collect()]
