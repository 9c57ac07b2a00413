"""What a release needs of a warehouse beyond the SQL that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Engine, text

from lakehouse import checksum
from lakehouse.checksum import Checksum, Field
from lakehouse.contracts import Terminal
from lakehouse.lake import Lake
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse.declared import inferred
from lakehouse.warehouse.model import Relation, Type
from lakehouse.warehouse.rows import Rows

IS_THERE = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = :name
"""


class Horizon(NamedTuple):
    """Up to when a mart holds the changes of one of its source tables, in microseconds."""

    mart: str
    source: str
    at: int


class Dialect(Protocol):
    """One kind of warehouse. `schema` is where the tables of the marts stand."""

    name: checksum.Dialect
    schema: str

    def ensure(self, engine: Engine, relations: Collection[Relation]) -> None:
        """Makes and evolves tables as declared; roles and rights are left as they are.

        Raises:
            Terminal: Something would lose values, is in the way, or is not permitted; nothing was changed.
            Transient: A table is locked; nothing was changed.
        """

    def take_turn(self, connection: Connection) -> None:
        """Waits, but not for ever, until no other session releases; until the end of the transaction none can."""

    def stage(self, connection: Connection, lake: Lake, name: str, source: Rows) -> None:
        """Makes a table of this session that holds the rows."""

    def note(self, connection: Connection, horizons: Collection[Horizon], run_id: str) -> None:
        """Tells how fresh marts are; never less fresh than was told before."""


def of(engine: Engine) -> Dialect:
    """The dialect of a warehouse.

    Raises:
        Terminal: It is neither PostgreSQL nor Redshift.
    """
    match engine.dialect.name:
        case "postgresql":
            from lakehouse.warehouse.postgres import Postgres  # noqa: PLC0415

            return Postgres()
        case "redshift":
            from lakehouse.warehouse.redshift import Redshift  # noqa: PLC0415

            return Redshift()
    raise Terminal(f"a warehouse of the kind {engine.dialect.name} is not supported; take PostgreSQL or Redshift")


def table(dialect: Dialect, name: str) -> str:
    """The quoted name of a table of the marts' schema."""
    return f"{quoted(dialect.schema)}.{quoted(name)}"


def is_there(connection: Connection, schema: str, name: str) -> bool:
    """Whether a schema has a table of this name."""
    return bool(connection.execute(text(IS_THERE), {"schema": schema, "name": name}).scalar())


def make_stage(connection: Connection, name: str, rows: Rows, named: Callable[[Type], str]) -> None:
    """Makes a table of this session with the columns of rows, their types in the words of a dialect."""
    columns = ", ".join(f"{quoted(c.name)} {named(c.type)}" for c in inferred(rows.schema))
    connection.execute(text(f"CREATE TEMPORARY TABLE {quoted(name)} ({columns})"))


def measure(
    connection: Connection, dialect: Dialect, name: str, fields: Collection[Field], where: str = "TRUE"
) -> Checksum:
    """Count and checksum of the rows of a table, by its quoted name."""
    sql = f"SELECT count(*), {checksum.total([*fields], dialect.name)} FROM {name} WHERE {where}"  # noqa: S608
    rows, total = connection.execute(text(sql.replace(":", r"\:"))).one()
    return Checksum(int(rows), int(total))
