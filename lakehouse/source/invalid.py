"""Values that do not fit what is declared, among them dates that MySQL keeps though they do not exist."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pymysql.connections import Connection

from lakehouse.contracts import Table, Terminal, Transient
from lakehouse.quoting import mysql
from lakehouse.settings import SourceSettings
from lakehouse.source.connection import connect, rows
from lakehouse.sqltypes import of


def misfit(table: Table, name: str) -> Terminal:
    """The refusal of a value that does not fit the declared type of this column."""
    declared = table.column(name)
    return Terminal(
        f"table {table.name}: a value of {declared.source_name} does not fit {declared.source_type}; "
        "declare the type of the source"
    )


def impossible_date(source: SourceSettings, table: Table, where: str) -> Terminal | None:
    """The refusal of dates such as `0000-00-00`, `2024-00-00`, `2024-02-31`; None where there are none."""
    with suppress(Transient), connect(source) as connection:
        for column, count in invalid_dates(connection, table, where).items():
            return Terminal(
                f"table {table.name}: {count} rows hold a date that does not exist in {column}; give the column a "
                "`spelling=Dates(…)`, and `nulls=(…)` where it means no value"
            )
    return None


def invalid_dates(connection: Connection[Any], table: Table, where: str) -> dict[str, int]:
    """Rows with such a value among those that fulfil `where`, per column that is read as a date or time."""
    names = [c.source_name for c in table.columns if of(c).kind in ("date", "timestamp")]
    if not names:
        return {}
    counts = ", ".join(f"SUM(NOT ({mysql(n)} <=> DATE_ADD({mysql(n)}, INTERVAL 0 DAY)))" for n in names)
    (found,) = rows(connection, f"SELECT {counts} FROM {mysql(table.source_name)} WHERE {where}")  # noqa: S608
    return {name: int(count) for name, count in zip(names, found, strict=True) if count}
