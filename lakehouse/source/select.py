"""The SELECTs that read a table: each column in the form that arrives exactly, with or without a proof."""

from __future__ import annotations

from lakehouse.checksum import Field, row_number, row_text
from lakehouse.contracts import Table
from lakehouse.quoting import mysql
from lakehouse.sqltypes import of
from lakehouse.window import Window, moment

PROOF = ("_n", "_sum", "_tail_n", "_tail_sum")


def fields(table: Table) -> list[Field]:
    """The canonical columns of a table, by lake name."""
    return [Field(c.name, of(c).kind) for c in table.columns]


def source_fields(table: Table) -> list[Field]:
    """The canonical columns of a table, by source name and form."""
    return [Field(c.source_name, of(c).kind, of(c).form) for c in table.columns]


def literal(micro: int) -> str:
    """A cursor bound as a SQL literal; made of digits only."""
    return f"'{moment(micro):%Y-%m-%d %H:%M:%S.%f}'"


def between(table: Table, window: Window) -> str:
    """The condition that selects a window, (low, high]."""
    assert table.cursor is not None
    column = mysql(table.column(table.cursor.column).source_name)
    return f"{column} > {literal(window.low)} AND {column} <= {literal(window.high)}"


def plain(table: Table, where: str, *, as_text: bool = False) -> str:
    """The rows that fulfil a condition; `as_text` makes text of every value, of bytes their hex digits."""
    return f"SELECT {_columns(table, '', as_text)} FROM {mysql(table.source_name)} WHERE {where}"  # noqa: S608


def proven(table: Table, where: str, tail: str, *, as_text: bool = False) -> str:
    """The same rows, and behind them one row with their count and checksum at the same snapshot.

    Its columns `PROOF` are -1 or empty in the rows before; `tail` chooses the rows of the second pair.
    """
    number = row_number(row_text(source_fields(table), "mysql"), "mysql")
    n, total, tail_n, tail_total = PROOF
    return (
        f"SELECT {_columns(table, '', as_text)}, "  # noqa: S608
        f"-1 AS {n}, '' AS {total}, -1 AS {tail_n}, '' AS {tail_total} "
        f"FROM {mysql(table.source_name)} WHERE {where} UNION ALL "
        f"SELECT {_columns(table, 'z.', as_text)}, k.n, k.s, k.tn, k.ts "
        f"FROM (SELECT COUNT(*) n, CAST(COALESCE(SUM({number}), 0) AS CHAR) s, COALESCE(SUM({tail}), 0) tn, "
        f"CAST(COALESCE(SUM(CASE WHEN {tail} THEN {number} END), 0) AS CHAR) ts "
        f"FROM {mysql(table.source_name)} WHERE {where}) k LEFT JOIN {mysql(table.source_name)} z ON FALSE"
    )


def _columns(table: Table, prefix: str, as_text: bool) -> str:
    found = []
    for column in table.columns:
        kind = of(column)
        form = kind.select(prefix + mysql(column.source_name))
        if as_text and kind.kind != "document":
            form = f"HEX({form})" if kind.kind == "binary" else f"CAST({form} AS CHAR)"
        found.append(f"{form} AS {mysql(column.name)}")
    return ", ".join(found)
