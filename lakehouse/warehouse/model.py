"""What a table of the warehouse is, in no dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lakehouse.contracts import Terminal

Schema = Literal["raw_data", "curated", "presentation", "quarantine"]
SCHEMAS: tuple[Schema, ...] = ("raw_data", "curated", "presentation", "quarantine")
LOADER = "loader"
READERS: dict[Schema, str] = {"presentation": "analyst", "quarantine": "steward"}
"""Who reads a schema beside the loader, who owns all of them; nobody else reads what is not named here."""

Kind = Literal[
    "smallint", "int", "bigint", "decimal", "double", "boolean", "date", "timestamp", "text", "binary", "array"
]
KINDS: dict[str, Kind] = {
    "TINYINT": "smallint", "SMALLINT": "smallint", "INT": "int", "INTEGER": "int", "BIGINT": "bigint",
    "DECIMAL": "decimal", "NUMERIC": "decimal", "FLOAT": "double", "DOUBLE": "double", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp", "DATETIME": "timestamp", "STRING": "text", "TEXT": "text",
    "VARCHAR": "text", "CHAR": "text", "BINARY": "binary",
}  # fmt: skip
PATTERN = re.compile(r"^\s*(\w+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$")
ARRAY = re.compile(r"^\s*ARRAY\s*<(.+)>\s*$", re.IGNORECASE)
BYTES_PER_CHARACTER = 4


@dataclass(frozen=True)
class Type:
    """A column's type: digits of a decimal, the most bytes of a text or binary where they are known."""

    kind: Kind
    precision: int = 0
    scale: int = 0
    bytes: int | None = None
    element: Type | None = None


@dataclass(frozen=True)
class Column:
    """A column; the comment says what it holds, and in which unit."""

    name: str
    type: Type
    nullable: bool = True
    comment: str = ""


@dataclass(frozen=True)
class Relation:
    """A table: no two rows share `key`; readers ask for stretches of `sort`, its order."""

    schema: Schema
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...] = ()
    comment: str = ""

    @property
    def where(self) -> str:
        """Its name for people."""
        return f"{self.schema}.{self.name}"

    @property
    def key_name(self) -> str:
        """The name of the constraint that its key is."""
        return f"{self.name}_key"

    @property
    def is_primary(self) -> bool:
        """True where no part of the key may be missing."""
        return not any(c.nullable for c in self.columns if c.name in self.key)


def parse(text: str) -> Type:
    """The type that a declaration names, in the words of SQL or of Spark.

    Raises:
        Terminal: There is no such type in a warehouse.
    """
    array = ARRAY.match(text)
    if array is not None:
        return Type("array", element=parse(array.group(1)))
    match = PATTERN.match(text)
    kind = KINDS.get(match.group(1).upper()) if match else None
    if match is None or kind is None:
        raise Terminal(f"type {text} has no form in the warehouse")
    first, second = (int(n) if n else None for n in match.groups()[1:])
    match kind:
        case "decimal":
            return Type(kind, 10 if first is None else first, second or 0)
        case "text":
            return Type(kind, bytes=None if first is None else first * BYTES_PER_CHARACTER)
        case "binary":
            return Type(kind, bytes=first)
    return Type(kind)
