"""MySQL column types: what each becomes in Arrow and Spark, and how it must be selected to arrive exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from lakehouse.contracts import Terminal

Kind = Literal["int", "decimal", "text", "date", "timestamp"]

INTEGERS = {
    "TINYINT": (pa.int8(), "tinyint"),
    "SMALLINT": (pa.int16(), "smallint"),
    "MEDIUMINT": (pa.int32(), "int"),
    "INT": (pa.int32(), "int"),
    "BIGINT": (pa.int64(), "bigint"),
}
TEXTS = ("CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET", "STRING")
SYNONYMS = {"INTEGER": "INT", "BOOLEAN": "TINYINT", "BOOL": "TINYINT", "NUMERIC": "DECIMAL", "DEC": "DECIMAL"}
PATTERN = re.compile(r"^\s*(\w+)\s*(?:\((.*)\))?\s*(unsigned)?\s*(?:zerofill)?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class SqlType:
    """A source type: its kind, its Arrow and Spark counterparts.

    `digits` is the scale of a decimal or the fraction digits of a timestamp.
    """

    name: str
    kind: Kind
    arrow: pa.DataType
    spark: str
    digits: int = 0

    def select(self, column: str) -> str:
        """The SELECT-side form of an already quoted column that the reader carries without a change."""
        if self.kind == "decimal" and (self.digits > 10 or self.arrow.precision > 18):
            return f"CAST({column} AS CHAR)"
        return column


def parse(text: str) -> SqlType:
    """The type that a declaration or `information_schema` names.

    Raises:
        Terminal: A type that has no exact form here.
    """
    match = PATTERN.match(text)
    name = match.group(1).upper() if match else text.strip().upper()
    name = SYNONYMS.get(name, name)
    arguments = (match.group(2) or "") if match else ""
    if name in INTEGERS and match:
        return _integer(name, unsigned=bool(match.group(3)))
    if name in TEXTS:
        return SqlType(name, "text", pa.string(), "string")
    if name == "DATE":
        return SqlType(name, "date", pa.date32(), "date")
    if name in ("DATETIME", "TIMESTAMP"):
        return SqlType(name, "timestamp", pa.timestamp("us", tz="UTC"), "timestamp", int(arguments or 0))
    if name == "DECIMAL":
        precision, scale = _decimal(arguments)
        if precision <= 38:
            return SqlType(name, "decimal", pa.decimal128(precision, scale), f"decimal({precision},{scale})", scale)
    raise Terminal(f"type {text} has no exact form in the lake; declare the column as text (`stored`)")


def _integer(name: str, *, unsigned: bool) -> SqlType:
    if not unsigned:
        return SqlType(name, "int", *INTEGERS[name])
    if name == "BIGINT":
        return SqlType(name, "int", pa.decimal128(20, 0), "decimal(20,0)")
    return SqlType(name, "int", pa.int64(), "bigint")


def _decimal(arguments: str) -> tuple[int, int]:
    parts = [int(p) for p in arguments.split(",")] if arguments else []
    return (parts + [10, 0][len(parts) :])[0], (parts + [10, 0][len(parts) :])[1]
