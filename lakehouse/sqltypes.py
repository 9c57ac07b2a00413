"""MySQL column types: what each becomes in Arrow and Spark, and how it must be selected to arrive exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from lakehouse.contracts import Column, Dates, Terminal

Kind = Literal["int", "decimal", "text", "document", "date", "timestamp", "binary"]

INTEGERS = {
    "TINYINT": (pa.int8(), "tinyint"),
    "SMALLINT": (pa.int16(), "smallint"),
    "MEDIUMINT": (pa.int32(), "int"),
    "INT": (pa.int32(), "int"),
    "BIGINT": (pa.int64(), "bigint"),
}
TEXTS = ("CHAR", "VARCHAR", "TINYTEXT", "ENUM", "SET")
DOCUMENTS = ("TEXT", "MEDIUMTEXT", "LONGTEXT", "JSON", "STRING")
BINARIES = ("BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")
SPELLED = ("TIME", "UUID", "INET4", "INET6")
SYNONYMS = {
    "INTEGER": "INT", "BOOLEAN": "TINYINT", "BOOL": "TINYINT", "NUMERIC": "DECIMAL", "DEC": "DECIMAL",
    "REAL": "DOUBLE",
}  # fmt: skip
PATTERN = re.compile(
    r"^\s*(\w+)(?:\s+precision)?\s*(?:\((.*)\))?\s*(unsigned)?\s*(?:zerofill)?\s*$", re.IGNORECASE | re.DOTALL
)
AS_TEXT = "CAST({} AS CHAR)"
EXACT_SCALE, EXACT_PRECISION, WIDEST_DECIMAL, WIDEST_BITS = 10, 18, 38, 63


@dataclass(frozen=True)
class SqlType:
    """A source type: its kind, its Arrow and Spark counterparts.

    Attributes:
        name: The MySQL name, without arguments.
        kind: How values are compared; a document is text that is hashed by itself, for its size.
        arrow: Type of the staged column.
        spark: Type of the bronze column.
        digits: Scale of a decimal, or decimals of a timestamp's second.
        length: Characters or bytes of a text or binary that is declared with a length.
        form: SELECT-side form, `{}` for the quoted column, that the reader carries without a change.
    """

    name: str
    kind: Kind
    arrow: pa.DataType
    spark: str
    digits: int = 0
    length: int = 0
    form: str = "{}"

    def select(self, column: str) -> str:
        """The form of an already quoted column."""
        return self.form.replace("{}", column)


def of(column: Column) -> SqlType:
    """How a declared column is extracted: dates that have a spelling come as the text that the source shows."""
    found = parse(column.source_type)
    if isinstance(column.spelling, Dates) and found.kind in ("date", "timestamp"):
        return replace(_text(found.name), form=AS_TEXT)
    return found


def parse(text: str) -> SqlType:
    """The type that a declaration or `information_schema` names.

    Raises:
        Terminal: A type that has no exact form here.
    """
    match = PATTERN.match(text)
    if match is None:
        raise _without_form(text)
    name = SYNONYMS.get(match.group(1).upper(), match.group(1).upper())
    found = _found(name, _numbers(match.group(2)), unsigned=bool(match.group(3)))
    if found is None:
        raise _without_form(text)
    return found


def _found(name: str, numbers: list[int], *, unsigned: bool) -> SqlType | None:
    first = numbers[0] if numbers else 0
    match name:
        case _ if name in INTEGERS:
            found = _integer(name, unsigned=unsigned)
        case _ if name in TEXTS:
            found = replace(_text(name), length=first)
        case _ if name in SPELLED:
            found = replace(_text(name), form=AS_TEXT)
        case _ if name in DOCUMENTS:
            found = replace(_text(name), kind="document", form=AS_TEXT if name == "JSON" else "{}")
        case _ if name in BINARIES:
            found = SqlType(name, "binary", pa.binary(), "binary", length=first)
        case "DATETIME" | "TIMESTAMP":
            found = SqlType(name, "timestamp", pa.timestamp("us", tz="UTC"), "timestamp", first)
        case "DECIMAL":
            found = _decimal(*numbers)
        case "DATE":
            found = SqlType(name, "date", pa.date32(), "date")
        case "YEAR":
            found = SqlType(name, "int", pa.int16(), "smallint", form="CAST({} AS SIGNED)")
        case "BIT":
            wide = first > WIDEST_BITS
            found = replace(
                _integer("BIGINT" if wide else "INT", unsigned=True), name=name, form="CAST({} AS UNSIGNED)"
            )
        case "FLOAT" | "DOUBLE":  # as the shortest text that reads back to the same number
            found = replace(_text(name), form="CAST(CAST({} AS DOUBLE) AS CHAR)")
        case _:
            return None
    return found


def _text(name: str) -> SqlType:
    return SqlType(name, "text", pa.string(), "string")


def _integer(name: str, *, unsigned: bool) -> SqlType:
    if not unsigned:
        return SqlType(name, "int", *INTEGERS[name])
    if name == "BIGINT":
        return SqlType(name, "int", pa.decimal128(20, 0), "decimal(20,0)")
    return SqlType(name, "int", pa.int64(), "bigint")


def _decimal(precision: int = 10, scale: int = 0) -> SqlType:
    if precision > WIDEST_DECIMAL:
        return replace(_text("DECIMAL"), digits=scale, length=precision, form=AS_TEXT)
    form = "{}" if scale <= EXACT_SCALE and precision <= EXACT_PRECISION else AS_TEXT
    arrow = pa.decimal128(precision, scale)
    return SqlType("DECIMAL", "decimal", arrow, f"decimal({precision},{scale})", scale, form=form)


def _numbers(arguments: str | None) -> list[int]:
    parts = (arguments or "").split(",")
    return [int(part) for part in parts if part.strip().isdigit()]


def _without_form(text: str) -> Terminal:
    return Terminal(f"type {text} has no exact form in the lake; leave the column out of the declaration")
