"""PostgreSQL's DDL, of 15 and newer: one statement each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lakehouse.quoting import postgres as quoted
from lakehouse.quoting import postgres_text as text
from lakehouse.warehouse.model import Column, Relation, Type

TYPES = {
    "smallint": "smallint", "int": "integer", "bigint": "bigint", "double": "double precision", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp with time zone", "text": "text", "binary": "bytea",
}  # fmt: skip
NUMERIC = re.compile(r"^numeric\((\d+),(\d+)\)$")
WIDER = {("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint")}
LONGEST_NAME, MOST_COLUMNS = 63, 1600
ITS_OWN = {"ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"}


def named(kind: Type) -> str:
    """A type in the words in which PostgreSQL tells it."""
    if kind.kind == "decimal":
        return f"numeric({kind.precision},{kind.scale})"
    if kind.element is not None:
        return f"{named(kind.element)}[]"
    return TYPES[kind.kind]


def widens(there: str, wanted: str) -> bool:
    """True where every value of the type that is there is the same value in the other."""
    old, new = NUMERIC.match(there), NUMERIC.match(wanted)
    if old and new:
        return old.group(2) == new.group(2) and int(old.group(1)) < int(new.group(1))
    return (there, wanted) in WIDER or (there.startswith("character varying") and wanted == "text")


def limits(relation: Relation) -> Iterator[str]:
    """What of a table PostgreSQL could not hold."""
    for name in (relation.name, relation.key_name, *(c.name for c in relation.columns)):
        if len(name.encode()) > LONGEST_NAME:
            yield f"the name {name} is longer than {LONGEST_NAME} bytes; declare a shorter one"
    for column in relation.columns:
        if column.name in ITS_OWN:
            yield f"{column.name} is a column that PostgreSQL itself has in every table; declare another name"
    if len(relation.columns) > MOST_COLUMNS:
        yield f"{len(relation.columns)} columns are more than the {MOST_COLUMNS} of a table; declare less"


def table(relation: Relation) -> str:
    """The quoted name of a table."""
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"


def create(relation: Relation) -> list[str]:
    """The table with its key, and its comments."""
    lines = [_column(c, nullable=c.nullable) for c in relation.columns]
    if relation.key:
        lines.append(_key(relation))
    made = f"CREATE TABLE {table(relation)} (\n  " + ",\n  ".join(lines) + "\n)"
    told = [comment(relation, c) for c in relation.columns if c.comment]
    return [made, *([comment(relation)] if relation.comment else []), *told]


def add_column(relation: Relation, column: Column) -> list[str]:
    """A column more; the rows that are there have no value in it, so it may be missing."""
    added = f"ALTER TABLE {table(relation)} ADD COLUMN {_column(column, nullable=True)}"
    return [added, *([comment(relation, column)] if column.comment else [])]


def widen(relation: Relation, column: Column) -> str:
    """A column of a wider type, in place."""
    return f"ALTER TABLE {table(relation)} ALTER COLUMN {quoted(column.name)} TYPE {named(column.type)}"


def allow_null(relation: Relation, column: Column) -> str:
    """A column whose values may be missing."""
    return f"ALTER TABLE {table(relation)} ALTER COLUMN {quoted(column.name)} DROP NOT NULL"


def rekey(relation: Relation, old: str | None) -> str:
    """The key, in the place of the constraint `old`."""
    drop = f"DROP CONSTRAINT {quoted(old)}, " if old else ""
    return f"ALTER TABLE {table(relation)} {drop}ADD {_key(relation)}"


def comment(relation: Relation, column: Column | None = None) -> str:
    """What a table or a column of it says of itself."""
    if column is None:
        return f"COMMENT ON TABLE {table(relation)} IS {text(relation.comment)}"
    return f"COMMENT ON COLUMN {table(relation)}.{quoted(column.name)} IS {text(column.comment)}"


def _column(column: Column, *, nullable: bool) -> str:
    return f"{quoted(column.name)} {named(column.type)}{'' if nullable else ' NOT NULL'}"


def _key(relation: Relation) -> str:
    kind = "PRIMARY KEY" if relation.is_primary else "UNIQUE NULLS NOT DISTINCT"
    return f"CONSTRAINT {quoted(relation.key_name)} {kind} ({', '.join(map(quoted, relation.key))})"
