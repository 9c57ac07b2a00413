"""Key ranges: the source's count and checksum of each, at one snapshot.

A table whose key begins with a number or a time is cut there. Any other key is cut by a prefix of its md5,
of as many hex digits as the table's size asks for; so the cost is one scan, whatever the key.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

from pymysql.connections import Connection

from lakehouse.checksum import NOTHING, Checksum, Dialect, Field, row_text, total
from lakehouse.contracts import Table, Transient
from lakehouse.lake import RangeSum
from lakehouse.quoting import mysql, spark
from lakehouse.source.connection import rows
from lakehouse.source.select import literal, source_fields
from lakehouse.sqltypes import of

RANGED = ("int", "date", "timestamp")
HEX = "0123456789abcdef"
SUMS_PER_STATEMENT = 200
MOST_MOVED = 500_000
Range = tuple[str | None, str | None]


class Cut(NamedTuple):
    """What a table is cut by: SQL for the value, and whether bounds of it are numbers."""

    sql: str
    is_number: bool


def is_ranged(table: Table) -> bool:
    """True where the key begins with a column that has an order on all engines."""
    return of(table.column(table.key[0])).kind in RANGED


def cut_by(table: Table, dialect: Dialect, digits: int = 0) -> Cut:
    """The value that decides the range of a row; of a hashed key its first `digits`, 0 for all."""
    first = table.column(table.key[0])
    if is_ranged(table):
        name = mysql(first.source_name) if dialect == "mysql" else spark(first.name)
        return Cut(name, of(first).kind == "int")
    columns = [table.column(k) for k in table.key]
    fields = [
        Field(c.source_name, of(c).kind, of(c).form) if dialect == "mysql" else Field(c.name, of(c).kind)
        for c in columns
    ]
    text = f"MD5({row_text(fields, dialect)})"
    return Cut(f"SUBSTR({text}, 1, {digits})" if digits else text, is_number=False)


def bounds(connection: Connection[Any], table: Table, size: int, within: str = "TRUE") -> tuple[str, ...]:
    """Values that cut the rows of a table that fulfil a condition into ranges of about `size` rows."""
    if not is_ranged(table):
        sql = f"SELECT COUNT(*) FROM {mysql(table.source_name)} WHERE {within}"  # noqa: S608
        ((count,),) = rows(connection, sql)
        digits = math.ceil(math.log(max(1, count / size), len(HEX)))
        return tuple("".join(prefix) for prefix in product(HEX, repeat=digits))[1:]
    cut, found = cut_by(table, "mysql"), list[str]()
    while True:
        beyond = f"AND {cut.sql} > {_literal(cut, found[-1])}" if found else ""
        sql = f"SELECT CAST({cut.sql} AS CHAR) FROM {mysql(table.source_name)} WHERE {within} {beyond}"  # noqa: S608
        following = rows(connection, f"{sql} ORDER BY {cut.sql} LIMIT 1 OFFSET {int(size)}")
        if not following:
            return tuple(found)
        found.append(following[0][0])


def pairs(cuts: tuple[str, ...]) -> list[Range]:
    """The ranges [low, high) that these bounds make; the outer ones are open."""
    edges: list[str | None] = [None, *cuts, None]
    return list(pairwise(edges))


def among(table: Table, some: Sequence[Range], dialect: Dialect = "mysql") -> str:
    """The condition of lying in one of these ranges, given in order.

    Bounds stand as literals made of digits and the marks of a time. The ranges of a hashed key are prefixes of one
    length, so the hash is computed once per row, however many they are.
    """
    if not some:
        return "FALSE"
    if is_ranged(table):
        cut = cut_by(table, dialect)
        return "(" + " OR ".join(_between(cut, low, high) for low, high in _joined(some)) + ")"
    digits = len(some[0][0] or some[0][1] or "")
    if len(some) == len(HEX) ** digits:
        return "TRUE"
    cut = cut_by(table, dialect, digits)
    return f"{cut.sql} IN ({', '.join(_literal(cut, low or '0' * digits) for low, _ in some)})"


def condition(table: Table, low: str | None, high: str | None) -> str:
    """The condition of one range at the source."""
    return among(table, [(low, high)])


def _between(cut: Cut, low: str | None, high: str | None) -> str:
    parts = [f"{cut.sql} >= {_literal(cut, low)}"] if low is not None else []
    parts += [f"{cut.sql} < {_literal(cut, high)}"] if high is not None else []
    return "(" + (" AND ".join(parts) or "TRUE") + ")"


def _joined(some: Sequence[Range]) -> list[Range]:
    """The same ranges with neighbours made one."""
    found: list[Range] = []
    for low, high in some:
        if found and low is not None and found[-1][1] == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def sums(
    connection: Connection[Any], table: Table, cuts: tuple[str, ...], mark: int | None, within: str = "TRUE"
) -> tuple[RangeSum, ...]:
    """Count and checksum per range; of a cursor table only the rows up to `mark`. One snapshot for all."""
    bound = within
    if table.cursor is not None and mark is not None:
        bound = f"{within} AND {mysql(table.column(table.cursor.column).source_name)} <= {literal(mark)}"
    summed = _ranged if is_ranged(table) else _hashed
    found = summed(connection, table, cuts, bound)
    return tuple(RangeSum(low, high, found.get(i, NOTHING)) for i, (low, high) in enumerate(pairs(cuts)))


def _ranged(connection: Connection[Any], table: Table, cuts: tuple[str, ...], bound: str) -> dict[int, Checksum]:
    number = total(source_fields(table), "mysql")
    parts = [
        f"SELECT {i}, COUNT(*), {number} FROM {mysql(table.source_name)} "  # noqa: S608
        f"WHERE {condition(table, low, high)} AND {bound}"
        for i, (low, high) in enumerate(pairs(cuts))
    ]
    some = (parts[i : i + SUMS_PER_STATEMENT] for i in range(0, len(parts), SUMS_PER_STATEMENT))
    found = (row for statements in some for row in rows(connection, " UNION ALL ".join(statements)))
    return {int(i): Checksum(int(n), int(s)) for i, n, s in found}


def _hashed(connection: Connection[Any], table: Table, cuts: tuple[str, ...], bound: str) -> dict[int, Checksum]:
    number = total(source_fields(table), "mysql")
    prefix = cut_by(table, "mysql", len(cuts[0])).sql if cuts else "''"
    sql = f"SELECT {prefix} k, COUNT(*), {number} FROM {mysql(table.source_name)} WHERE {bound} GROUP BY k"  # noqa: S608
    return {int(k or "0", 16): Checksum(int(n), int(s)) for k, n, s in rows(connection, sql)}


def where_sum(connection: Connection[Any], table: Table, where: str) -> Checksum:
    """Count and checksum of the rows that fulfil a condition."""
    number = total(source_fields(table), "mysql")
    sql = f"SELECT COUNT(*), {number} FROM {mysql(table.source_name)} WHERE {where}"  # noqa: S608
    count, found = rows(connection, sql)[0]
    return Checksum(int(count), int(found))


def moved(connection: Connection[Any], table: Table, mark: int, within: str = "TRUE") -> list[tuple[Any, ...]]:
    """The keys of rows that fulfil a condition and whose cursor is now above the mark; few, for those below were read.

    Raises:
        Transient: They are more than a comparison can set aside.
    """
    assert table.cursor is not None
    columns = [table.column(k) for k in table.key]
    keys = ", ".join(of(c).select(mysql(c.source_name)) for c in columns)
    cursor = mysql(table.column(table.cursor.column).source_name)
    sql = f"SELECT {keys} FROM {mysql(table.source_name)} WHERE {within} AND {cursor} > {literal(mark)}"  # noqa: S608
    found = rows(connection, f"{sql} LIMIT {MOST_MOVED + 1}")
    if len(found) > MOST_MOVED:
        raise Transient(
            f"table {table.name}: more than {MOST_MOVED} rows have a {cursor} above the mark {literal(mark)}, too many "
            "to set aside in a comparison; run again, which reads them first. If they stay, they lie in the future"
        )
    return found


def _literal(cut: Cut, value: str) -> str:
    return str(int(value)) if cut.is_number else "'" + value.replace("'", "") + "'"
