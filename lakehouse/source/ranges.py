"""Key ranges: the source's count and checksum of each, in one statement and so at one snapshot."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pymysql.connections import Connection

from lakehouse.checksum import Checksum, total
from lakehouse.contracts import Table
from lakehouse.lake import RangeSum
from lakehouse.quoting import mysql
from lakehouse.source.connection import rows
from lakehouse.source.select import literal, source_fields
from lakehouse.sqltypes import of

RANGED = ("int", "date", "timestamp")


def range_column(table: Table) -> str | None:
    """The key column, by lake name, that cuts the table into ranges; None makes the table one range."""
    return next((k for k in table.key if of(table.column(k)).kind in RANGED), None)


def bounds(connection: Connection[Any], table: Table, size: int) -> tuple[str, ...]:
    """Values of the range column that cut the table into ranges of about `size` rows."""
    column = range_column(table)
    if column is None:
        return ()
    name = mysql(table.column(column).source_name)
    found = rows(
        connection,
        f"SELECT DISTINCT CAST(k AS CHAR) FROM (SELECT {name} k, ROW_NUMBER() OVER (ORDER BY {name}) n "  # noqa: S608
        f"FROM {mysql(table.source_name)}) t WHERE n %% %s = 0 ORDER BY k",
        (size,),
    )
    return tuple(value for (value,) in found)


def pairs(cuts: tuple[str, ...]) -> list[tuple[str | None, str | None]]:
    """The ranges [low, high) that these bounds make; the outer ones are open."""
    edges: list[str | None] = [None, *cuts, None]
    return list(pairwise(edges))


def condition(table: Table, low: str | None, high: str | None, dialect_column: str | None = None) -> str:
    """The condition of one range; bounds are text of numbers or times and stand as quoted literals."""
    column = range_column(table)
    if column is None:
        return "TRUE"
    name = dialect_column or mysql(table.column(column).source_name)
    parts = [f"{name} >= {_literal(table, column, low)}"] if low is not None else []
    parts += [f"{name} < {_literal(table, column, high)}"] if high is not None else []
    return "(" + (" AND ".join(parts) or "TRUE") + ")"


def sums(connection: Connection[Any], table: Table, cuts: tuple[str, ...], mark: int | None) -> tuple[RangeSum, ...]:
    """Count and checksum per range; of a cursor table only the rows up to `mark`."""
    bound = "TRUE"
    if table.cursor is not None and mark is not None:
        bound = f"{mysql(table.column(table.cursor.column).source_name)} <= {literal(mark)}"
    number = total(source_fields(table), "mysql")
    parts = [
        f"SELECT {i}, COUNT(*), {number} FROM {mysql(table.source_name)} "  # noqa: S608
        f"WHERE {condition(table, low, high)} AND {bound}"
        for i, (low, high) in enumerate(pairs(cuts))
    ]
    found = {i: Checksum(int(n), int(s)) for i, n, s in rows(connection, " UNION ALL ".join(parts))}
    return tuple(RangeSum(low, high, found[i]) for i, (low, high) in enumerate(pairs(cuts)))


def where_sum(connection: Connection[Any], table: Table, where: str) -> Checksum:
    """Count and checksum of the rows that fulfil a condition."""
    number = total(source_fields(table), "mysql")
    sql = f"SELECT COUNT(*), {number} FROM {mysql(table.source_name)} WHERE {where}"  # noqa: S608
    count, found = rows(connection, sql)[0]
    return Checksum(int(count), int(found))


def moved(connection: Connection[Any], table: Table, mark: int) -> list[tuple[Any, ...]]:
    """The keys whose cursor is now above the mark."""
    assert table.cursor is not None
    keys = ", ".join(mysql(table.column(k).source_name) for k in table.key)
    cursor = mysql(table.column(table.cursor.column).source_name)
    sql = f"SELECT {keys} FROM {mysql(table.source_name)} WHERE {cursor} > {literal(mark)}"  # noqa: S608
    return rows(connection, sql)


def _literal(table: Table, column: str, value: str | None) -> str:
    assert value is not None
    if of(table.column(column)).kind == "int":
        return str(int(value))
    return "'" + value.replace("'", "") + "'"
