"""How the marketplace's own application reaches its database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.cursors import Cursor, DictCursor

from demo.servers.mariadb import MariaDb

CONNECT_SECONDS, ANSWER_SECONDS = 5, 600
TABLES = ("apartments", "apartment_attributes", "user_viewing", "bookings", "exchange_rates")


@dataclass(frozen=True)
class Admin:
    """Somebody who may create and change the marketplace."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = "marketplace"

    def connect(self) -> pymysql.Connection[Cursor]:
        """A session in UTC on the marketplace; nothing is committed by itself."""
        connection = self.connect_to_server()
        connection.select_db(self.database)
        return connection

    def connect_to_server(self) -> pymysql.Connection[Cursor]:
        """The same session before any database is chosen."""
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00'",
            autocommit=False,
            local_infile=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            write_timeout=ANSWER_SECONDS,
        )


def admin_of(server: MariaDb, database: str = "marketplace") -> Admin:
    """The administrator of an embedded server."""
    return Admin(server.host, server.port, "root", server.admin_password, database)


def rows_of(admin: Admin) -> dict[str, list[dict[str, Any]]]:
    """Every row of the five tables as the database sends it, in one snapshot."""
    connection = admin.connect()
    with connection, connection.cursor(DictCursor) as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        return {table: _all(cursor, table) for table in TABLES}


def counts(cursor: Cursor, tables: Iterable[str] = TABLES) -> dict[str, int]:
    """How many rows each table has."""
    return {table: value(cursor, f"SELECT COUNT(*) FROM {table}") for table in tables}  # noqa: S608


def value(cursor: Cursor, query: str) -> Any:
    """The only value of the only row."""
    cursor.execute(query)
    return cursor.fetchone()[0]


def _all(cursor: DictCursor, table: str) -> list[dict[str, Any]]:
    cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
    return list(cursor.fetchall())
