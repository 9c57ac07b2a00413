"""Redshift as a warehouse: rows come by COPY of Parquet files; analysts read late-binding views."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Engine, text

from lakehouse import checksum
from lakehouse.lake import Lake
from lakehouse.quoting import postgres as quoted
from lakehouse.quoting import redshift_text as literal
from lakehouse.warehouse import ddl_redshift as ddl
from lakehouse.warehouse import evolution_redshift
from lakehouse.warehouse.declared import FRESHNESS, LOAD_LOG
from lakehouse.warehouse.dialect import Horizon, make_stage
from lakehouse.warehouse.load_set import load_set
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.rows import Rows
from lakehouse.window import moment

LOCK_MILLISECONDS = 60_000


class Redshift:
    """Redshift, provisioned or serverless. It enforces no key, so the log is locked before it is read.

    A release that saw another one's rows change fails with a serialization error, which is `Transient`.
    """

    name: checksum.Dialect = "redshift"
    schema = ddl.DATA

    def ensure(self, engine: Engine, relations: Collection[Relation]) -> None:
        """Makes and evolves tables and their views as declared."""
        evolution_redshift.ensure(engine, relations)

    def take_turn(self, connection: Connection) -> None:
        """Must be the transaction's first statement; readers of the log wait, those of the marts do not."""
        connection.execute(text(f"SET statement_timeout TO {LOCK_MILLISECONDS}"))
        connection.execute(text(f"LOCK {ddl.table(LOAD_LOG)}"))
        connection.execute(text("SET statement_timeout TO 0"))

    def stage(self, connection: Connection, lake: Lake, name: str, source: Rows) -> None:
        """A temporary table, filled by COPY as the cluster's default role."""
        make_stage(connection, name, source, ddl.named)
        with load_set(lake, source) as manifest:
            connection.exec_driver_sql(copy(name, manifest))

    def note(self, connection: Connection, horizons: Collection[Horizon], run_id: str) -> None:
        """One row per mart and source, put in the place of what is less fresh."""
        if not horizons:
            return
        fresh, told = ddl.table(FRESHNESS), quoted("told")
        self.take_turn(connection)
        connection.execute(text(f"CREATE TEMPORARY TABLE {told} (LIKE {fresh})"))
        values = ", ".join(f"(:mart{n}, :source{n}, :at{n}, :run_id)" for n in range(len(horizons)))
        given = {f"{k}{n}": v for n, h in enumerate(horizons) for k, v in zip(Horizon._fields, h, strict=True)}
        given |= {f"at{n}": moment(h.at) for n, h in enumerate(horizons)}
        connection.execute(text(f"INSERT INTO {told} VALUES {values}"), given | {"run_id": run_id})  # noqa: S608
        same = f"{fresh}.mart = {told}.mart AND {fresh}.source = {told}.source"
        connection.execute(
            text(f"DELETE FROM {fresh} USING {told} WHERE {same} AND {fresh}.source_horizon <= {told}.source_horizon")  # noqa: S608
        )
        connection.execute(
            text(
                f"INSERT INTO {fresh} SELECT * FROM {told} WHERE NOT EXISTS (SELECT 1 FROM {fresh} WHERE {same})"  # noqa: S608
            )
        )
        connection.execute(text(f"DROP TABLE {told}"))


def copy(table: str, manifest: str) -> str:
    """The statement that fills a table from a manifest; it holds no key and no value."""
    return f"COPY {quoted(table)} FROM {literal(manifest)} IAM_ROLE default FORMAT AS PARQUET MANIFEST"
