"""Dates that MySQL keeps though they do not exist: `0000-00-00`, `2024-00-00`, `2024-02-31`."""

from __future__ import annotations

from typing import Any

from pymysql.connections import Connection

from lakehouse.contracts import Table
from lakehouse.quoting import mysql
from lakehouse.source.connection import rows
from lakehouse.sqltypes import of


def invalid_dates(connection: Connection[Any], table: Table, where: str) -> dict[str, int]:
    """Rows with such a value among those that fulfil `where`, per column that is read as a date or time."""
    names = [c.source_name for c in table.columns if of(c).kind in ("date", "timestamp")]
    if not names:
        return {}
    counts = ", ".join(f"SUM(NOT ({mysql(n)} <=> DATE_ADD({mysql(n)}, INTERVAL 0 DAY)))" for n in names)
    (found,) = rows(connection, f"SELECT {counts} FROM {mysql(table.source_name)} WHERE {where}")  # noqa: S608
    return {name: int(count) for name, count in zip(names, found, strict=True) if count}
