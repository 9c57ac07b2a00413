"""The proofs of a run: values, not prints; a run whose proofs do not balance has failed."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import bronze, curation, delta
from lakehouse.checksum import NOTHING, Checksum, Field, row_number, row_text
from lakehouse.contracts import Table
from lakehouse.lake import Lake, Layer, State
from lakehouse.sqltypes import parse


def keys_balance(session: SparkSession, lake: Lake, table: Table, at: State) -> tuple[Checksum, Checksum]:
    """Proof (b): the live keys of bronze, and those of silver with open quarantine; equal when none is lost.

    Keys are compared as silver types them: bronze and quarantine hold them as the source spells them.
    """
    versions = delta.read(session, lake, "bronze", at, table.name)
    sides = {
        "bronze": _keys_typed(bronze.live_hashes(versions, table), table),
        "silver": _newest(session, lake, "silver", table).where("_deleted_at IS NULL"),
        "quarantine": _keys_typed(_newest(session, lake, "quarantine", table), table),
    }
    fields = [Field(k, parse(table.column(k).type).kind) for k in table.key]
    number = row_number(row_text(fields, "spark"), "spark")
    parts = [rows.selectExpr(f"'{side}' AS side", f"{number} AS number") for side, rows in sides.items()]
    every = parts[0].unionByName(parts[1]).unionByName(parts[2])
    found = {
        row["side"]: Checksum(int(row["n"]), int(row["total"]))
        for row in every.groupBy("side").agg(F.count("*").alias("n"), F.sum("number").alias("total")).collect()
    }
    there = found.get("silver", NOTHING) + found.get("quarantine", NOTHING)
    return found.get("bronze", NOTHING), there


def _keys_typed(raw: DataFrame, table: Table) -> DataFrame:
    return raw.withColumns({k: curation.value(table.column(k), is_key=True) for k in table.key})


def _newest(session: SparkSession, lake: Lake, layer: Layer, table: Table) -> DataFrame:
    state = lake.state(layer, table.name)
    assert state is not None
    return delta.read(session, lake, layer, state, table.name)
