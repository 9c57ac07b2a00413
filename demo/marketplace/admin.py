"""The marketplace application's own access to its database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from demo.servers.mariadb import MariaDb

BATCH = 5_000
TABLES = ("apartments", "apartment_attributes", "user_viewing", "bookings", "exchange_rates")


@dataclass(frozen=True)
class Admin:
    """Who writes to the marketplace's database."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = "marketplace"

    def connect(self) -> pymysql.Connection[Any]:
        """A session in UTC; the caller commits."""
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            charset="utf8mb4",
            init_command="SET time_zone='+00:00'",
            connect_timeout=5,
        )


def admin_of(server: MariaDb, database: str = "marketplace") -> Admin:
    """The administrator of an embedded server."""
    return Admin(server.host, server.port, "root", server.admin_password, database)


def insert(connection: pymysql.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[tuple]) -> int:
    """Inserts rows in batches; returns how many."""
    marks = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO `{table}` ({', '.join(f'`{c}`' for c in columns)}) VALUES ({marks})"  # noqa: S608
    every = list(rows)
    with connection.cursor() as cursor:
        for start in range(0, len(every), BATCH):
            cursor.executemany(sql, every[start : start + BATCH])
    return len(every)


def rows_of(admin: Admin) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables as they are now, in one snapshot."""
    with admin.connect() as connection, connection.cursor(DictCursor) as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT * FROM `{table}`")  # noqa: S608
            found[table] = list(cursor.fetchall())
        return found
