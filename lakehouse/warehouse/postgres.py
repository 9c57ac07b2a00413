"""PostgreSQL: all changed marts of a run, or none, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from sqlalchemy import Connection, Engine, text

from lakehouse.checksum import Checksum, Field, total
from lakehouse.contracts import Mart, Terminal
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import evolution
from lakehouse.warehouse.declared import LOAD_LOG, of_mart
from lakehouse.warehouse.errors import explained
from lakehouse.warehouse.model import Relation

SCHEMA = "presentation"
LOG = f"{quoted(SCHEMA)}.{quoted('load_log')}"
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


def release(engine: Engine, lake: Lake, marts: dict[str, State], run_id: str, declared: Mapping[str, Mart]) -> Released:
    """Stages these gold commits, verifies count and checksum of each, and swaps them all in one transaction.

    Before it, their tables are made or evolved as declared. A commit that gold has left behind is not released: the run
    that made the newer one releases it.

    Raises:
        Terminal: A table cannot become what is declared, or a staged mart is not what gold says; the old release is
            still served.
        Transient: The warehouse was lost on the way; nothing has changed.
    """
    evolution.ensure(engine, [LOAD_LOG, *(_relation(lake, declared[name], state) for name, state in marts.items())])
    with explained(engine), engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text(f"LOCK TABLE {LOG} IN EXCLUSIVE MODE"))
        before = _serving(connection)
        marts = {n: s for n, s in marts.items() if _is_newest(lake, n, s)}
        if not marts:
            return before
        for name, state in marts.items():
            _replace(connection, lake, name, state)
        now = Released(before.release + 1, run_id, before.marts | {n: s.commit for n, s in marts.items()})
        connection.execute(
            text(f"INSERT INTO {LOG} (release, run_id, marts, released_at) VALUES (:release, :run_id, :marts, now())"),  # noqa: S608
            {"release": now.release, "run_id": run_id, "marts": json.dumps(now.marts)},
        )
        return now


def measure(engine: Engine, lake: Lake, name: str, state: State) -> Checksum:
    """Count and checksum of a mart as the warehouse serves it now."""
    with explained(engine), engine.connect() as connection:
        return _measure(connection, f"{quoted(SCHEMA)}.{quoted(name)}", _fields(_table(lake, name, state).schema))


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


def _relation(lake: Lake, mart: Mart, state: State) -> Relation:
    found = _table(lake, mart.name, state).schema
    relation = of_mart(mart, found)
    undeclared = sorted(set(found.names) - {c.name for c in relation.columns})
    if undeclared:
        raise Terminal(
            f"mart {mart.name}: gold has {', '.join(undeclared)}, not declared; add it to the mart's columns"
        )
    return relation


def _replace(connection: Connection, lake: Lake, name: str, state: State) -> None:
    source = _table(lake, name, state)
    target, stage = f"{quoted(SCHEMA)}.{quoted(name)}", quoted(f"stage_{name}")
    columns = ", ".join(f"{quoted(f.name)} {_type(f)}" for f in source.schema)
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
