"""The source's schema against a table's declaration, before anything is read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pymysql.connections import Connection

from lakehouse.contracts import Column, Table, Terminal
from lakehouse.quoting import mysql
from lakehouse.source.connection import rows
from lakehouse.sqltypes import SqlType, parse

COLUMNS = """
SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE = 'YES' FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
OFFSET = """
SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone))
"""
INDEXES = """
SELECT INDEX_NAME, COLUMN_NAME, NON_UNIQUE, NULLABLE = 'YES' FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY INDEX_NAME, SEQ_IN_INDEX
"""


def check(connection: Connection[Any], table: Table, *, datetime_is_utc: bool = False) -> tuple[str, ...]:
    """Compares the source with the declaration; returns what the owner should know, one sentence each.

    Raises:
        Terminal: The table or a declared column is missing, a type does not fit, nothing makes the key unique,
            or the cursor is NULL in a row, no moment, or by a clock that is not UTC; names it.
    """
    found = {name: (kind, nullable) for name, kind, nullable in rows(connection, COLUMNS, (table.source_name,))}
    if not found:
        raise Terminal(f"table {table.source_name} does not exist in the source; check `source` in {table.name}.py")
    for column in table.columns:
        if column.source_name not in found:
            raise Terminal(
                f"column {table.source_name}.{column.source_name} is missing in the source; was it dropped or "
                f"renamed? Change {table.name}.py"
            )
        _fits(table, column, parse(found[column.source_name][0]))
    indexes = rows(connection, INDEXES, (table.source_name,))
    _refuse_doubtful_key(table, indexes)
    extra = sorted(set(found) - {c.source_name for c in table.columns} - set(table.withheld))
    notes = [f"not declared, so left in the source: {', '.join(extra)}"] if extra else []
    if table.cursor is not None:
        cursor = table.column(table.cursor.column).source_name
        _refuse_other_clock(connection, table, found[cursor][0], trusted=datetime_is_utc)
        if found[cursor][1]:
            _refuse_null_cursor(connection, table, cursor)
        notes += _without_index(table, cursor, indexes)
    return tuple(notes)


def _fits(table: Table, column: Column, found: SqlType) -> None:
    declared = parse(column.source_type)
    name = f"column {table.source_name}.{column.source_name}"
    same = found.kind == declared.kind or {found.kind, declared.kind} == {"text", "document"}
    if not same or (found.kind in ("decimal", "int") and found.arrow != declared.arrow):
        raise Terminal(f"{name} is {found.name} ({found.spark}) in the source, declared {column.source_type}")
    if found.kind == "timestamp" and found.digits < declared.digits:
        raise Terminal(f"{name} is narrower in the source, {found.digits} decimals, declared {column.source_type}")
    if 0 < found.length < declared.length:
        raise Terminal(f"{name} is narrower in the source, {found.length} long, declared {column.source_type}")


def _refuse_doubtful_key(table: Table, indexes: list[tuple[Any, ...]]) -> None:
    """The key is unique where it holds all columns of a unique index that has no NULLs."""
    unique: defaultdict[str, set[str | None]] = defaultdict(set)
    for index, column, repeats, nullable in indexes:
        unique[index].add(None if repeats or nullable else column)
    key = [table.column(k).source_name for k in table.key]
    if not any(columns <= set(key) for columns in unique.values()):
        names = ", ".join(mysql(k) for k in key)
        raise Terminal(
            f"table {table.source_name}: no unique index without NULLs makes ({names}) a key; "
            f"ALTER TABLE {mysql(table.source_name)} ADD PRIMARY KEY ({names}), or declare the key that it has"
        )


def _refuse_other_clock(connection: Connection[Any], table: Table, kind: str, *, trusted: bool) -> None:
    """A DATETIME is written in the zone of whoever writes; a window compares it with UTC."""
    name = parse(kind).name
    cursor = f"table {table.name}: the cursor {table.column(table.cursor.column).source_name}" if table.cursor else ""
    if name not in ("DATETIME", "TIMESTAMP"):
        raise Terminal(f"{cursor} is {name}, no moment that tells when a row changed; declare Snapshot()")
    if name == "DATETIME" and not trusted:
        ((apart,),) = rows(connection, OFFSET)
        if apart != 0:
            raise Terminal(
                f"{cursor} is DATETIME and the server's time zone is not UTC ({apart} s apart), so new rows may look "
                "old: declare Snapshot(), make it TIMESTAMP, or set LAKEHOUSE_SOURCE__DATETIME_IS_UTC=true if all who "
                "write it do so in UTC"
            )


def _refuse_null_cursor(connection: Connection[Any], table: Table, cursor: str) -> None:
    sql = f"SELECT 1 FROM {mysql(table.source_name)} WHERE {mysql(cursor)} IS NULL LIMIT 1"  # noqa: S608
    if rows(connection, sql):
        raise Terminal(
            f"table {table.name}: the cursor {cursor} is NULL in some rows, which no window would find; "
            "declare Snapshot(), or fill it and make it NOT NULL"
        )


def _without_index(table: Table, cursor: str, indexes: list[tuple[Any, ...]]) -> list[str]:
    first: dict[str, str] = {}
    for index, column, _, _ in indexes:
        first.setdefault(index, column)
    if cursor in first.values():
        return []
    return [
        f"the cursor {cursor} has no index, so each run scans the table: "
        f"CREATE INDEX {mysql(f'{cursor}_idx')} ON {mysql(table.source_name)} ({mysql(cursor)})"
    ]
