"""The source's schema against a table's declaration, before anything is read."""

from __future__ import annotations

from typing import Any

from pymysql.connections import Connection

from lakehouse.contracts import Column, Table, Terminal
from lakehouse.source.connection import rows
from lakehouse.sqltypes import SqlType, parse

COLUMNS = """
SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""


def check(connection: Connection[Any], table: Table) -> tuple[str, ...]:
    """Compares the source with the declaration; returns the names of columns that are not declared.

    Raises:
        Terminal: The table or a declared column is missing, or a type does not fit; names it.
    """
    found = dict(rows(connection, COLUMNS, (table.source_name,)))
    if not found:
        raise Terminal(f"table {table.source_name} does not exist in the source; check `source` in {table.name}.py")
    for column in table.columns:
        if column.source_name not in found:
            raise Terminal(f"column {table.source_name}.{column.source_name} is missing in the source")
        _fits(table, column, parse(found[column.source_name]))
    known = {c.source_name for c in table.columns}
    return tuple(sorted(set(found) - known))


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
