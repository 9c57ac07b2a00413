"""One checksum on all engines: the count, and the sum of the first 13 hex digits of md5 over a row's text.

The text is the canonical text of each column, joined by `|`, with a mark for NULL that no other value has. Texts
are preceded by their length in characters, and what may be large stands there by its own md5; so no two rows share
a text and none outgrows a server's packet. All functions return SQL and touch nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lakehouse.quoting import mysql, postgres, spark
from lakehouse.sqltypes import Kind

Dialect = Literal["mysql", "spark", "postgres", "redshift"]


class Field(NamedTuple):
    """A column name, not yet quoted, and the kind of its values; `bool` occurs in marts only.

    `form` is how the column is selected, `{}` for its quoted name.
    """

    name: str
    kind: Kind | Literal["bool"]
    form: str = "{}"


@dataclass(frozen=True)
class Checksum:
    """Rows and the sum of their hashes; equal on two engines means equal rows, up to a chance of 2^-52."""

    rows: int
    sum: int

    def __add__(self, other: Checksum) -> Checksum:
        return Checksum(self.rows + other.rows, self.sum + other.sum)

    def __sub__(self, other: Checksum) -> Checksum:
        return Checksum(self.rows - other.rows, self.sum - other.sum)


NOTHING = Checksum(0, 0)
NULL = "~"


def row_text(fields: Sequence[Field], dialect: Dialect) -> str:
    """SQL for the canonical text of a row."""
    quote = {"mysql": mysql, "spark": spark, "postgres": postgres, "redshift": postgres}[dialect]
    columns = (_parts(f.form.replace("{}", quote(f.name)), f.kind, dialect) for f in fields)
    parts = [part for column in columns for part in column]
    if dialect == "redshift":  # it has no CONCAT_WS
        joined = " || ".join(f"COALESCE('|' || {part}, '')" for part in parts)
        return f"SUBSTRING({joined}, 2)"
    return f"CONCAT_WS('|', {', '.join(parts)})"


def row_number(text: str, dialect: Dialect) -> str:
    """SQL for the number that a row's text contributes to the sum."""
    if dialect == "postgres":
        return f"('x' || substr(md5({text}), 1, 13))::bit(52)::bigint"
    if dialect == "redshift":
        return f"STRTOL(SUBSTRING(MD5({text}), 1, 13), 16)"
    if dialect == "mysql":
        return f"CAST(CONV(SUBSTR(MD5({text}), 1, 13), 16, 10) AS DECIMAL(38,0))"
    return number_of_hash(f"md5({text})")


def number_of_hash(hex_digits: str) -> str:
    """Spark SQL for the number of an md5 that is already in hex."""
    return f"CAST(CONV(SUBSTR({hex_digits}, 1, 13), 16, 10) AS DECIMAL(38,0))"


def total(fields: Sequence[Field], dialect: Dialect) -> str:
    """SQL for the sum over the rows of a query, as text, `0` for none."""
    number = row_number(row_text(fields, dialect), dialect)
    text = {"mysql": "CHAR", "spark": "STRING", "postgres": "TEXT", "redshift": "VARCHAR(40)"}[dialect]
    return f"CAST(COALESCE(SUM({number}), 0) AS {text})"


def _parts(column: str, kind: str, dialect: Dialect) -> list[str]:
    """What a column adds; a NULL text adds the mark of its length alone, for CONCAT_WS leaves NULLs out."""
    if kind != "text":
        return [f"COALESCE({_text(column, kind, dialect)}, '{NULL}')"]
    length = f"CHAR_LENGTH({column})" if dialect == "mysql" else f"CAST(CHAR_LENGTH({column}) AS VARCHAR(20))"
    return [f"COALESCE({length}, '{NULL}')", f"CONVERT({column} USING utf8mb4)" if dialect == "mysql" else column]


def _text(column: str, kind: str, dialect: Dialect) -> str:
    plain = column if dialect == "mysql" else f"CAST({column} AS VARCHAR(64))"
    match kind, dialect:
        case "document", "mysql":
            return f"MD5(CONVERT({column} USING utf8mb4))"
        case "document" | "binary", _:
            return f"MD5({column})"
        case "int", "mysql":  # without the zeros of ZEROFILL
            return f"{column} + 0"
        case "timestamp", "mysql":
            plain = f"CAST({column} AS DATETIME(6))"
        case "timestamp", "spark":
            plain = f"date_format({column}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"
        case "timestamp", "redshift":
            plain = f"to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"
        case "timestamp", _:
            plain = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        case "bool", _:
            plain = f"CASE WHEN {column} THEN '1' WHEN NOT {column} THEN '0' END"
    return plain
