"""PostgreSQL: one table of the lake mirrored, its rows and how far they go in one transaction.

The rows that differ between the commit that the mirror stands at and the newest one are replaced by key. Where that
commit is no longer among those that led to the newest one, or the mirror is not what it says it is, all of it is.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from deltalake.exceptions import DeltaError
from sqlalchemy import Connection, Engine, text

from lakehouse import arrow_checksum
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Terminal
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import arrow_types, dialect, evolution, files
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse.declared import MIRRORS
from lakehouse.warehouse.files import Change, Files
from lakehouse.warehouse.mirrored import Place
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.postgres import Postgres, copy, wait_for_locks
from lakehouse.warehouse.release import DEADLINE
from lakehouse.warehouse.sessions import ANSWER_SECONDS, transaction

LOG = ddl.table(MIRRORS)
LOGGER = logging.getLogger(__name__)
Rows = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Position:
    """The commit of the lake that a mirror stands at, and what it held then."""

    commit: str
    columns: str
    checksum: Checksum


@dataclass(frozen=True)
class Mirrored:
    """What was done with a mirror: rows that it holds since, and whether all of them were written."""

    rows: int
    whole: bool


def positions(engine: Engine) -> dict[str, Position]:
    """How far each mirror goes, by its name; empty where there are none.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    with transaction(engine, ANSWER_SECONDS) as connection:
        if not dialect.is_there(connection, MIRRORS.schema, MIRRORS.name):
            return {}
        return _positions(connection)


def filled(engine: Engine, relations: Iterable[Relation]) -> frozenset[Relation]:
    """Those of these tables that mirror something, or have rows of before."""
    known = positions(engine)
    with transaction(engine, ANSWER_SECONDS) as connection:
        return frozenset(r for r in relations if r.where in known or _has_rows(connection, r))


def refresh(engine: Engine, lake: Lake, place: Place, run_id: str) -> Mirrored | None:
    """Brings a mirror to the newest commit of its table; None where it stands there. Its table is made or evolved.

    Raises:
        Terminal: The table cannot become what is declared, or changes the values of the lake.
        Transient: The warehouse was lost, or somebody holds the table; nothing has changed.
    """
    evolution.ensure(engine, [MIRRORS, place.relation])
    table = ddl.table(place.relation)
    with transaction(engine, DEADLINE) as connection:
        wait_for_locks(connection)
        connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        at, state = _positions(connection).get(place.relation.where), lake.state(place.layer, place.name)
        if state is None or not state.usable or (at is not None and at.commit == state.commit):
            return None
        now = files.files(lake, place.layer, place.name, state, arrow_types.schema(place.relation))
        changed = _changed(connection, place.relation, _change(lake, place, at, now, state), at)
        found = changed or _replaced(connection, place.relation, now)
        _log(connection, place.relation, Position(state.commit, told(now.schema), found), run_id)
    return Mirrored(found.rows, changed is None)


def told(schema: pa.Schema) -> str:
    """The columns that a mirror was filled with, as its position tells them."""
    return json.dumps([f"{field.name} {field.type}" for field in schema])


def measure(connection: Connection, relation: Relation, schema: pa.Schema) -> Checksum:
    """Count and checksum of these columns of a mirror, as it stands there now."""
    return dialect.measure(connection, Postgres(), ddl.table(relation), arrow_checksum.fields(schema))


def staged(connection: Connection, name: str, relation: Relation, columns: list[str], rows: Rows) -> str:
    """A table of this transaction that holds these columns of rows."""
    kinds = {c.name: ddl.named(c.type) for c in relation.columns}
    declared = ", ".join(f"{quoted(column)} {kinds[column]}" for column in columns)
    connection.execute(text(f"CREATE TEMPORARY TABLE {name} ({declared}) ON COMMIT DROP"))
    wanted = arrow_types.schema(relation)
    schema = pa.schema([wanted.field(column) for column in columns])
    copy(connection, name, schema, (batch.select(columns) for batch in rows))
    connection.execute(text(f"ANALYZE {name}"))
    return name


def _change(lake: Lake, place: Place, at: Position | None, now: Files, state: State) -> Change | None:
    """What lies between the commit of a mirror and the newest one; None where that cannot be known any more."""
    if at is None or at.columns != told(now.schema):
        return None
    number = int(at.commit.partition("/")[0])
    commits = lake.commits(place.layer, place.name, number, state.seq)
    if not commits or commits[0].commit != at.commit:
        return None
    try:
        return files.change(files.files(lake, place.layer, place.name, commits[0], now.schema), now)
    except (OSError, DeltaError):
        return None


def _changed(connection: Connection, relation: Relation, change: Change | None, at: Position | None) -> Checksum | None:
    """Replaces by key what has changed; None where that is not known, or the mirror is not what the lake says then."""
    if change is None or at is None:
        return None
    table, schema, key = ddl.table(relation), change.come.schema, list(relation.key)
    gone = staged(connection, "mirror_gone", relation, key, change.rows_gone())
    come = staged(connection, "mirror_come", relation, schema.names, change.rows_come())
    same = " AND ".join(f"t.{quoted(k)} = s.{quoted(k)}" for k in key)
    for stage in (gone, come):
        connection.execute(text(f"DELETE FROM {table} t USING {stage} s WHERE {same}"))  # noqa: S608
    names = ", ".join(map(quoted, schema.names))
    connection.execute(text(f"INSERT INTO {table} ({names}) SELECT {names} FROM {come}"))  # noqa: S608
    found = measure(connection, relation, schema)
    if found != at.checksum + change.checksum:
        LOGGER.warning("%s is not what it was left as; all of it is replaced", relation.where)
        return None
    return found


def _replaced(connection: Connection, relation: Relation, now: Files) -> Checksum:
    """Puts all rows of the lake in the place of those of a mirror.

    Raises:
        Terminal: What stands there then is not what the lake says.
    """
    sums: list[Checksum] = []
    connection.execute(text(f"DELETE FROM {ddl.table(relation)}"))  # noqa: S608
    copy(connection, ddl.table(relation), now.schema, now.summed(sums))
    found, wanted = measure(connection, relation, now.schema), sum(sums, NOTHING)
    if found != wanted:
        raise Terminal(
            f"{relation.where}: {found.rows} rows, {wanted.rows} in the lake, or their values differ: something in "
            "the table changes what is written to it; the mirror stays as it was. Drop what does, then run again"
        )
    return found


def _has_rows(connection: Connection, relation: Relation) -> bool:
    if not dialect.is_there(connection, relation.schema, relation.name):
        return False
    return bool(connection.execute(text(f"SELECT EXISTS (SELECT FROM {ddl.table(relation)})")).scalar())  # noqa: S608


def _positions(connection: Connection) -> dict[str, Position]:
    rows = connection.execute(text(f"SELECT mirror, lake_commit, columns, row_count, checksum FROM {LOG}"))  # noqa: S608
    return {m: Position(commit, columns, Checksum(int(n), int(s))) for m, commit, columns, n, s in rows}


def _log(connection: Connection, relation: Relation, now: Position, run_id: str) -> None:
    given = {
        "mirror": relation.where, "lake_commit": now.commit, "columns": now.columns, "run_id": run_id,
        "row_count": now.checksum.rows, "checksum": now.checksum.sum,
    }  # fmt: skip
    names = [*given]
    connection.execute(
        text(
            f"INSERT INTO {LOG} ({', '.join(names)}, mirrored_at) VALUES ({', '.join(f':{n}' for n in names)}, now()) "  # noqa: S608
            f"ON CONFLICT (mirror) DO UPDATE SET mirrored_at = excluded.mirrored_at, "
            + ", ".join(f"{n} = excluded.{n}" for n in names[1:])
        ),
        given,
    )
