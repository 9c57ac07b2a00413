"""PostgreSQL as a warehouse: rows come by binary COPY."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from sqlalchemy import Connection, Engine, text

from lakehouse import checksum
from lakehouse.lake import Lake
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse import evolution
from lakehouse.warehouse.declared import FRESHNESS, LOAD_LOG
from lakehouse.warehouse.dialect import Horizon, make_stage
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.rows import Rows
from lakehouse.window import moment

LOCK_WAIT = "60s"


class Postgres:
    """PostgreSQL, 15 or newer."""

    name: checksum.Dialect = "postgres"
    schema = "presentation"

    def ensure(self, engine: Engine, relations: Collection[Relation]) -> None:
        """Makes and evolves tables as declared, in one transaction or not at all."""
        evolution.ensure(engine, relations)

    def take_turn(self, connection: Connection) -> None:
        """Readers of the log are not held up."""
        wait_for_locks(connection)
        connection.execute(text(f"LOCK TABLE {ddl.table(LOAD_LOG)} IN EXCLUSIVE MODE"))

    def stage(self, connection: Connection, lake: Lake, name: str, source: Rows) -> None:  # noqa: ARG002
        """A temporary table, filled by COPY."""
        make_stage(connection, name, source, ddl.named)
        copy(connection, quoted(name), source.schema, source.batches())

    def note(self, connection: Connection, horizons: Collection[Horizon], run_id: str) -> None:
        """One row per mart and source."""
        rows = [{"mart": h.mart, "source": h.source, "at": moment(h.at), "run_id": run_id} for h in horizons]
        if rows:
            wait_for_locks(connection)
            connection.execute(
                text(
                    f"INSERT INTO {ddl.table(FRESHNESS)} AS known (mart, source, source_horizon, run_id) "  # noqa: S608
                    "VALUES (:mart, :source, :at, :run_id) ON CONFLICT (mart, source) DO UPDATE "
                    "SET source_horizon = excluded.source_horizon, run_id = excluded.run_id "
                    "WHERE known.source_horizon <= excluded.source_horizon"
                ),
                rows,
            )


def wait_for_locks(connection: Connection) -> None:
    """Waits for locks in this transaction, but not for ever."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))


def copy(connection: Connection, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Puts rows into these columns of a table, by its quoted name, as they come."""
    encoder, names = ArrowToPostgresBinaryEncoder(schema), ", ".join(map(quoted, schema.names))
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT BINARY)") as line:
        line.write(encoder.write_header())
        for batch in batches:
            line.write(encoder.write_batch(batch))
        line.write(encoder.finish())
