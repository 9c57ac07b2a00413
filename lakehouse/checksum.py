"""One checksum on all engines: the count, and the sum of the first 13 hex digits of md5 over a row's text.

The text is a mask of NULLs and the canonical text of each column, joined by `|`; texts are prefixed with
their length in bytes, so that no two rows share a text. All functions return SQL and touch nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lakehouse.quoting import mysql, postgres, spark
from lakehouse.sqltypes import Kind

Dialect = Literal["mysql", "spark", "postgres"]


class Field(NamedTuple):
    """A column name, not yet quoted, and the kind of its values; `bool` occurs in marts only."""

    name: str
    kind: Kind | Literal["bool"]


@dataclass(frozen=True)
class Checksum:
    """Rows and the sum of their hashes; equal on two engines means equal rows, up to a chance of 2^-52."""

    rows: int
    sum: int

    def __add__(self, other: Checksum) -> Checksum:
        return Checksum(self.rows + other.rows, self.sum + other.sum)


NOTHING = Checksum(0, 0)


def row_text(fields: Sequence[Field], dialect: Dialect) -> str:
    """SQL for the canonical text of a row."""
    quote = {"mysql": mysql, "spark": spark, "postgres": postgres}[dialect]
    columns = [(quote(f.name), f.kind) for f in fields]
    mask = ", ".join(_is_null(c, dialect) for c, _ in columns)
    texts = ", ".join(f"COALESCE({_text(c, kind, dialect)}, '')" for c, kind in columns)
    return f"CONCAT_WS('|', CONCAT({mask}), {texts})"


def row_number(text: str, dialect: Dialect) -> str:
    """SQL for the number that a row's text contributes to the sum."""
    if dialect == "postgres":
        return f"('x' || substr(md5({text}), 1, 13))::bit(52)::bigint"
    if dialect == "mysql":
        return f"CAST(CONV(SUBSTR(MD5({text}), 1, 13), 16, 10) AS DECIMAL(38,0))"
    return number_of_hash(f"md5({text})")


def number_of_hash(hex_digits: str) -> str:
    """Spark SQL for the number of an md5 that is already in hex."""
    return f"CAST(CONV(SUBSTR({hex_digits}, 1, 13), 16, 10) AS DECIMAL(38,0))"


def total(fields: Sequence[Field], dialect: Dialect) -> str:
    """SQL for the sum over the rows of a query, as text, `0` for none."""
    number = row_number(row_text(fields, dialect), dialect)
    text = {"mysql": "CHAR", "spark": "STRING", "postgres": "TEXT"}[dialect]
    return f"CAST(COALESCE(SUM({number}), 0) AS {text})"


def _is_null(column: str, dialect: Dialect) -> str:
    if dialect == "mysql":
        return f"ISNULL({column})"
    return f"CASE WHEN {column} IS NULL THEN '1' ELSE '0' END"


def _text(column: str, kind: str, dialect: Dialect) -> str:
    if kind == "text":
        return _measured_text(column, dialect)
    if kind == "timestamp":
        return {
            "mysql": f"DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')",
            "spark": f"date_format({column}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')",
            "postgres": f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        }[dialect]
    if kind == "bool":
        return f"CASE WHEN {column} THEN '1' ELSE '0' END"
    return f"CAST({column} AS {'CHAR' if dialect == 'mysql' else 'VARCHAR(64)'})"


def _measured_text(column: str, dialect: Dialect) -> str:
    if dialect == "mysql":
        text = f"CONVERT({column} USING utf8mb4)"
        return f"CONCAT(OCTET_LENGTH({text}), ':', {text})"
    if dialect == "postgres":
        return f"octet_length({column}) || ':' || {column}"
    return f"CONCAT(CAST(octet_length({column}) AS STRING), ':', {column})"
