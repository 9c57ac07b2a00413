"""The schemas of the demo's warehouse: its tables and roles, what they hold, and how to look at them."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine

import transforms
from demo.servers.stack import Stack
from lakehouse.lake import Lake
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import declared, evolution, mirror_reconcile
from lakehouse.warehouse.mirrored import places
from lakehouse.warehouse.model import LOADER, READERS, SCHEMAS, Schema
from lakehouse.warehouse.reconcile import Comparison

LOOK = {
    "raw_data": "every version of every row, as the source had it",
    "curated": "the current clean row of each key, and its history",
    "presentation": "the marts",
    "quarantine": "the rows that rules keep out",
}


def make(servers: Stack) -> None:
    """What `lakehouse warehouse apply` does: the tables of every layer, the roles and what they may read."""
    engine = _engine(servers)
    evolution.apply(engine, declared.relations(transforms.catalog()))
    engine.dispose()


def show(console: Console, servers: Stack) -> None:
    """The schemas, who reads them, and how many rows they hold."""
    engine = _engine(servers)
    table = Table("schema", "what", "read by", "tables", "rows")
    for schema in SCHEMAS:
        names = [r.name for r in declared.relations(transforms.catalog(), [schema])]
        rows = sum(_rows(engine, schema, name) for name in names)
        table.add_row(schema, LOOK[schema], _reader(schema), str(len(names)), f"{rows:,}")
    console.print(table)
    engine.dispose()


def compared(servers: Stack, lake: Lake) -> list[Comparison]:
    """Each table of the lake and its mirror, whole."""
    engine = _engine(servers)
    found = list(mirror_reconcile.compare(engine, lake, places(transforms.catalog())))
    engine.dispose()
    return found


def told() -> str:
    """How to look at each schema, once connected."""
    return "\n".join(f"  \\dt {s + '.*':<16} {LOOK[s]}; read by role {_reader(s)}" for s in SCHEMAS)


def _reader(schema: Schema) -> str:
    return READERS.get(schema, LOADER)


def _rows(engine: Engine, schema: str, name: str) -> int:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}")  # noqa: S608
        return int(found.scalar_one())


def _engine(servers: Stack) -> Engine:
    return create_engine(servers.warehouse.url("psycopg", "warehouse"))
