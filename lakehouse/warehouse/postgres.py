"""PostgreSQL: all changed marts of a run, or none, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from lakehouse.checksum import Checksum, Field, total
from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted

SCHEMA = "presentation"
LOG = f"{quoted(SCHEMA)}.{quoted('load_log')}"
LOG_DDL = f"""
CREATE TABLE IF NOT EXISTS {LOG} (
  release bigint PRIMARY KEY, run_id text NOT NULL, marts text NOT NULL,
  released_at timestamptz NOT NULL DEFAULT now())
"""
KINDS = {"int64": "int", "int32": "int", "date32[day]": "date", "bool": "bool", "string": "text"}
TYPES = {"int": "bigint", "date": "date", "bool": "boolean", "text": "text"}


@dataclass(frozen=True)
class Released:
    """What the warehouse serves: the release number and the name of each mart's gold commit."""

    release: int
    run_id: str
    marts: dict[str, str]


def serving(engine: Engine) -> Released:
    """The newest release; number 0 where there is none.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    with explained(engine), engine.connect() as connection:
        return _serving(connection)


def release(engine: Engine, lake: Lake, marts: dict[str, State], run_id: str) -> Released:
    """Stages these gold commits, verifies count and checksum of each, and swaps them all in one transaction.

    A commit that gold has left behind is not released: the run that made the newer one releases it.

    Raises:
        Terminal: A staged mart is not what gold says; the old release is still served.
        Transient: The warehouse was lost on the way; nothing has changed.
    """
    with explained(engine), engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted(SCHEMA)}"))
        connection.execute(text(LOG_DDL))
        connection.execute(text(f"LOCK TABLE {LOG} IN EXCLUSIVE MODE"))
        before = _serving(connection)
        marts = {n: s for n, s in marts.items() if _is_newest(lake, n, s)}
        if not marts:
            return before
        for name, state in marts.items():
            _replace(connection, lake, name, state)
        now = Released(before.release + 1, run_id, before.marts | {n: s.commit for n, s in marts.items()})
        connection.execute(
            text(f"INSERT INTO {LOG} (release, run_id, marts) VALUES (:release, :run_id, :marts)"),  # noqa: S608
            {"release": now.release, "run_id": run_id, "marts": json.dumps(now.marts)},
        )
        return now


def measure(engine: Engine, lake: Lake, name: str, state: State) -> Checksum:
    """Count and checksum of a mart as the warehouse serves it now."""
    with explained(engine), engine.connect() as connection:
        return _measure(connection, f"{quoted(SCHEMA)}.{quoted(name)}", _fields(_table(lake, name, state).schema))


class explained:  # noqa: N801
    """Turns the driver's errors into ours; never shows a password."""

    def __init__(self, engine: Engine) -> None:
        self._where = f"warehouse {engine.url.host}:{engine.url.port}/{engine.url.database}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError):
            raise self._ours(error) from None

    def _ours(self, error: DBAPIError) -> PipelineError:
        code = getattr(error.orig, "sqlstate", None) or ""
        words = str(error.orig)
        if code.startswith("28") or "authentication failed" in words:
            return Terminal(f"{self._where} refused the user; check LAKEHOUSE_WAREHOUSE__USER and __PASSWORD")
        if code == "3D000" or ("does not exist" in words and "database" in words):
            return Terminal(f"{self._where} does not exist; check LAKEHOUSE_WAREHOUSE__DATABASE")
        if code == "42501":
            return Terminal(f"{self._where}: permission missing; grant CREATE on the database to the loader")
        if isinstance(error, OperationalError) and not code:
            return Transient(f"{self._where} is unreachable; check LAKEHOUSE_WAREHOUSE__HOST and __PORT")
        return Transient(f"{self._where}: error {code} ({type(error.orig).__name__}); the old release is served")


def _serving(connection: Connection) -> Released:
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": LOG}).scalar() is None:
        return Released(0, "", {})
    row = connection.execute(
        text(f"SELECT release, run_id, marts FROM {LOG} ORDER BY release DESC LIMIT 1")  # noqa: S608
    ).first()
    return Released(int(row[0]), str(row[1]), json.loads(row[2])) if row else Released(0, "", {})


def _is_newest(lake: Lake, name: str, state: State) -> bool:
    newest = lake.state("gold", name)
    return newest is not None and newest.seq == state.seq


def _replace(connection: Connection, lake: Lake, name: str, state: State) -> None:
    source = _table(lake, name, state)
    target, stage = f"{quoted(SCHEMA)}.{quoted(name)}", quoted(f"stage_{name}")
    columns = ", ".join(f"{quoted(f.name)} {_type(f)}" for f in source.schema)
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {target} ({columns})"))
    connection.execute(text(f"CREATE TEMPORARY TABLE {stage} ({columns}) ON COMMIT DROP"))
    _copy(connection, stage, source)
    found = _measure(connection, stage, _fields(source.schema))
    if found != state.checksum:
        raise Terminal(f"mart {name}: {found.rows} rows staged, {state.checksum.rows} in gold; not released")
    names = ", ".join(quoted(f.name) for f in source.schema)
    connection.execute(text(f"DELETE FROM {target}"))  # noqa: S608
    connection.execute(text(f"INSERT INTO {target} ({names}) SELECT {names} FROM {stage}"))  # noqa: S608
    served = _measure(connection, target, _fields(source.schema))
    if served != state.checksum:
        raise Terminal(
            f"mart {name}: the warehouse's columns change the values ({target} would not equal gold); not released. "
            f"Were they made for other types? Compare them with the mart's file, then drop or alter {target}"
        )


@dataclass(frozen=True)
class _Mart:
    """A mart of the lake; a scan begins only when its rows are asked for, for one left unread aborts the process."""

    schema: pa.Schema
    dataset: Any

    def batches(self) -> Iterator[pa.RecordBatch]:
        return (batch.cast(self.schema) for batch in self.dataset.to_batches())


def _table(lake: Lake, name: str, state: State) -> _Mart:
    table = lake.open("gold", name, state.version)
    assert table is not None
    dataset = table.to_pyarrow_dataset()
    return _Mart(pa.schema([(f.name, _plain(f.type)) for f in dataset.schema]), dataset)


def _copy(connection: Connection, stage: str, source: _Mart) -> None:
    encoder = ArrowToPostgresBinaryEncoder(source.schema)
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {stage} FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.write(encoder.write_header())
        for batch in source.batches():
            if batch.num_rows:
                copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


def _measure(connection: Connection, table: str, fields: list[Field]) -> Checksum:
    sql = f"SELECT count(*), {total(fields, 'postgres')} FROM {table}"  # noqa: S608
    row = connection.exec_driver_sql(sql.replace("%", "%%")).one()
    return Checksum(int(row[0]), int(row[1]))


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _type(field: pa.Field) -> str:
    if pa.types.is_decimal(field.type):
        return f"numeric({field.type.precision},{field.type.scale})"
    return TYPES[KINDS[str(field.type)]]


def _fields(schema: pa.Schema) -> list[Field]:
    return [
        Field(f.name, "decimal" if pa.types.is_decimal(f.type) else KINDS[str(f.type)])  # type: ignore[arg-type]
        for f in schema
    ]
