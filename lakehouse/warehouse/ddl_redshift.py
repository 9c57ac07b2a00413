"""Redshift's DDL: one statement each, run by the user who is to own the tables; nothing here asks what is there.

What analysts read are late-binding views in `presentation`; their tables stand in `presentation_data`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from lakehouse.contracts import Terminal
from lakehouse.quoting import postgres as quoted
from lakehouse.quoting import redshift_text as text
from lakehouse.warehouse.model import LOADER, READERS, Column, Relation, Schema, Type

TYPES = {
    "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT", "double": "DOUBLE PRECISION", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP", "array": "SUPER",
}  # fmt: skip
DATA = "presentation_data"
COMPRESSED = ("smallint", "int", "bigint", "decimal", "date", "timestamp")
WHOLE = ("smallint", "int", "bigint")
LONGEST_NAME, LONGEST_TEXT, LONGEST_BINARY, MOST_DIGITS, MOST_COLUMNS = 127, 65_535, 16_777_216, 38, 1600


def script(relations: Collection[Relation]) -> list[str]:
    """The statements that make these tables, roles and rights where there are none.

    Raises:
        Terminal: Redshift could not hold one of the tables.
    """
    reasons = [f"{r.where}: {reason}" for r in relations for reason in limits(r)]
    if reasons:
        raise Terminal("; ".join(reasons))
    schemas = list(dict.fromkeys(r.schema for r in relations))
    return [
        *(role(name) for name in roles(schemas)),
        *(s for schema in schemas for s in make_schema(schema)),
        *(s for relation in relations for s in create(relation)),
    ]


def roles(schemas: Collection[Schema]) -> list[str]:
    """The loader, and those who read these schemas."""
    return [LOADER, *(READERS[s] for s in schemas if s in READERS)]


def role(name: str) -> str:
    """A role that nobody has yet."""
    return f"CREATE ROLE {quoted(name)}"


def make_schema(name: Schema) -> list[str]:
    """A schema, what it is for the loader, and who reads it."""
    readers = _rights(name, READERS[name], "SELECT") if name in READERS else []
    homes = (DATA, name) if name == "presentation" else (name,)
    return [
        *(f"CREATE SCHEMA IF NOT EXISTS {quoted(home)}" for home in homes),
        *(s for home in homes for s in _rights(home, LOADER, "SELECT, INSERT, UPDATE, DELETE")),
        *readers,
    ]


def named(kind: Type) -> str:
    """A type in Redshift's words; texts are measured in bytes."""
    match kind.kind:
        case "decimal":
            return f"DECIMAL({kind.precision},{kind.scale})"
        case "text":
            return f"VARCHAR({min(kind.bytes or LONGEST_TEXT, LONGEST_TEXT)})"
        case "binary":
            return f"VARBYTE({min(kind.bytes or LONGEST_TEXT, LONGEST_BINARY)})"
    return TYPES[kind.kind]


def limits(relation: Relation) -> Iterator[str]:
    """What of a table Redshift could not hold; it knows no upper case in names."""
    names = [relation.name, *(c.name for c in relation.columns)]
    for name in names:
        if len(name.encode()) > LONGEST_NAME:
            yield f"the name {name} is longer than {LONGEST_NAME} bytes; declare a shorter one"
        if "%" in name or ":" in name:
            yield f"the name {name} has a sign that the driver would take for a place of a value; declare another"
    for name in {n.lower() for n in names[1:] if [m.lower() for m in names[1:]].count(n.lower()) > 1}:
        yield f"two columns are named {name} but for upper case; declare another name for one"
    for column in relation.columns:
        if column.type.precision > MOST_DIGITS:
            yield f"{column.name} has more than {MOST_DIGITS} digits; declare less"
    if len(names) - 1 > MOST_COLUMNS:
        yield f"{len(names) - 1} columns are more than the {MOST_COLUMNS} of a table; declare less"


def create(relation: Relation) -> list[str]:
    """The table, with a key that the planner believes and nothing enforces, and its comments."""
    lines = [_column(c, relation) for c in relation.columns]
    if relation.key:
        kind = "PRIMARY KEY" if relation.is_primary else "UNIQUE"
        lines.append(f"{kind} ({', '.join(map(quoted, relation.key))})")
    sort = f"\nSORTKEY ({', '.join(map(quoted, relation.sort))})" if relation.sort else ""
    made = (
        f"CREATE TABLE IF NOT EXISTS {table(relation)} (\n  " + ",\n  ".join(lines) + f"\n)\n{_spread(relation)}{sort}"
    )
    return [made, *comments(relation), *view(relation)]


def comments(relation: Relation) -> list[str]:
    """What the table and its columns say of themselves."""
    told = [comment(relation, c) for c in relation.columns if c.comment]
    return [*([comment(relation)] if relation.comment else []), *told]


def comment(relation: Relation, column: Column | None = None) -> str:
    """What a table or a column of it says of itself."""
    if column is None:
        return f"COMMENT ON TABLE {table(relation)} IS {text(relation.comment)}"
    return f"COMMENT ON COLUMN {table(relation)}.{quoted(column.name)} IS {text(column.comment)}"


def view(relation: Relation) -> list[str]:
    """The late-binding view of a table that analysts read, where they do."""
    if relation.schema != "presentation":
        return []
    columns = ", ".join(quoted(c.name) for c in relation.columns)
    return [
        f"CREATE OR REPLACE VIEW {quoted(relation.schema)}.{quoted(relation.name)} AS\n"
        f"SELECT {columns} FROM {table(relation)}\nWITH NO SCHEMA BINDING"
    ]


def add_column(relation: Relation, column: Column) -> list[str]:
    """A column more; the rows that are there have no value in it, so it may be missing."""
    added = f"ALTER TABLE {table(relation)} ADD COLUMN {_column(replace(column, nullable=True), relation)}"
    return [added, *([comment(relation, column)] if column.comment else [])]


def widen(relation: Relation, column: Column) -> str:
    """A longer text, in place; must not run in a transaction."""
    return f"ALTER TABLE {table(relation)} ALTER COLUMN {quoted(column.name)} TYPE {named(column.type)}"


def home(relation: Relation) -> str:
    """The schema in which a table stands."""
    return DATA if relation.schema == "presentation" else relation.schema


def table(relation: Relation) -> str:
    """The quoted name of a table."""
    return f"{quoted(home(relation))}.{quoted(relation.name)}"


def _column(column: Column, relation: Relation) -> str:
    kind = named(column.type) + ("" if column.nullable else " NOT NULL")
    return f"{quoted(column.name)} {kind} {_encoded(column, relation)}"


def _encoded(column: Column, relation: Relation) -> str:
    """What rows are found by is left as it is; numbers and times are packed by AZ64, texts by ZSTD."""
    if column.name in relation.sort[:1] or column.type.kind in ("boolean", "double"):
        return "ENCODE RAW"
    return "ENCODE AZ64" if column.type.kind in COMPRESSED else "ENCODE ZSTD"


def _spread(relation: Relation) -> str:
    """By the first whole number of the key, which joins are made by; what has none is small, and on every node."""
    kinds = {c.name: c.type.kind for c in relation.columns}
    by = [k for k in relation.key if kinds[k] in WHOLE]
    return f"DISTSTYLE KEY\nDISTKEY ({quoted(by[0])})" if by else "DISTSTYLE ALL"


def _rights(schema: str, role: str, rights: str) -> list[str]:
    into, to = f"SCHEMA {quoted(schema)}", f"TO ROLE {quoted(role)}"
    return [
        f"GRANT USAGE ON {into} {to}",
        f"GRANT {rights} ON ALL TABLES IN {into} {to}",
        f"ALTER DEFAULT PRIVILEGES IN {into} GRANT {rights} ON TABLES {to}",
    ]
