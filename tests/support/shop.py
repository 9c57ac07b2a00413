"""A tiny world of two tables and one mart, to test the machinery without the marketplace."""

from dataclasses import dataclass
from datetime import date

import pymysql
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from sqlalchemy import Engine, create_engine

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse.checks import quarantine
from lakehouse.contracts import Catalog, Column, Curation, Cursor, Mart, OneOf, Recipe, Snapshot, Table
from lakehouse.settings import Settings, SourceSettings
from lakehouse.warehouse.model import SCHEMAS

ORDERS = Table(
    name="orders",
    key=("id",),
    strategy=Cursor("updated_at"),
    columns=(
        Column("id", "BIGINT", nullable=False),
        Column("status", "VARCHAR(20)", spelling=OneOf(("open", "paid"), aliases=(("payed", "paid"),))),
        Column("price", "DECIMAL(12,2)", nullable=False),
        Column("note", "TEXT"),
        Column("updated_at", "TIMESTAMP(6)", nullable=False),
    ),
    checks=(quarantine("price_not_negative", "price >= 0"),),
    history=True,
)
LABELS = Table(
    name="labels",
    key=("id",),
    strategy=Snapshot(),
    columns=(Column("id", "BIGINT", nullable=False), Column("label", "VARCHAR(50)")),
)
DDL = """
CREATE TABLE orders (id BIGINT PRIMARY KEY, status VARCHAR(20), price DECIMAL(12,2), note TEXT,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at));
CREATE TABLE labels (id BIGINT PRIMARY KEY, label VARCHAR(50))
"""


def _identity(rows: DataFrame) -> DataFrame:
    return rows


def _revenue(orders: DataFrame, labels: DataFrame, as_of: date) -> DataFrame:
    live = orders.where("_deleted_at IS NULL").join(labels.where("_deleted_at IS NULL"), "id", "left")
    return live.groupBy("label").agg(
        F.count("*").alias("orders"), F.sum("price").cast("DECIMAL(14,2)").alias("revenue")
    )


CATALOG = Catalog(
    tables={"orders": Curation(ORDERS, _identity, "1"), "labels": Curation(LABELS, _identity, "1")},
    marts={"revenue": Recipe(Mart("revenue", ("label",), ""), _revenue, ("orders", "labels"), "1")},
)


@dataclass(frozen=True)
class Shop:
    """A source database of its own, a lake of its own, and a warehouse."""

    server: MariaDb
    settings: Settings
    engine: Engine

    def sql(self, *statements: str) -> None:
        """Runs statements in one transaction."""
        connection = self.connection()
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def connection(self) -> pymysql.Connection:
        """A session of the shop's own application."""
        return pymysql.connect(
            host=self.server.host,
            port=self.server.port,
            user="root",
            password=self.server.admin_password,
            database=self.settings.source.database,
            init_command="SET time_zone='+00:00'",
        )

    def rows(self, sql: str) -> list[tuple]:
        """The result of a query at the source."""
        connection = self.connection()
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def open_shop(server: MariaDb, warehouse: Postgres, lake: str, name: str) -> Shop:
    """A fresh world with the two tables, empty."""
    source = SourceSettings(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=name,
        tls="off",
        grace_seconds=0,
    )
    engine = create_engine(warehouse.url("psycopg", "warehouse"))
    shop = Shop(server, Settings(source=source, lake=lake), engine)
    root = pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password)
    with root, root.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    shop.sql(*DDL.split(";"))
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    return shop
