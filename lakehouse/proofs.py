"""The proofs of a run: values, not prints; a run whose proofs do not balance has failed."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from lakehouse import bronze, delta
from lakehouse.checksum import Checksum, Field, row_number, row_text
from lakehouse.contracts import Table
from lakehouse.lake import Lake, State
from lakehouse.sqltypes import parse


def keys_balance(session: SparkSession, lake: Lake, table: Table, at: State) -> tuple[Checksum, Checksum]:
    """Proof (b): the live keys of bronze, and those of silver with open quarantine; equal when none is lost."""
    rows = bronze.latest(delta.read(session, lake, "bronze", at, table.name), table).where("_op = 'upsert'")
    silver = _newest(session, lake, "silver", table)
    rejected = _newest(session, lake, "quarantine", table)
    found = _keys(rows, table)
    return found, _keys(silver.where("_deleted_at IS NULL"), table) + _keys(rejected, table)


def _newest(session: SparkSession, lake: Lake, layer: str, table: Table) -> DataFrame:
    state = lake.state(layer, table.name)  # type: ignore[arg-type]
    assert state is not None
    return delta.read(session, lake, layer, state, table.name)  # type: ignore[arg-type]


def _keys(rows: DataFrame, table: Table) -> Checksum:
    fields = [Field(k, parse(table.column(k).source_type).kind) for k in table.key]
    number = row_number(row_text(fields, "spark"), "spark")
    count, total = rows.selectExpr("COUNT(*)", f"COALESCE(SUM({number}), 0)").collect()[0]
    return Checksum(int(count), int(total))
