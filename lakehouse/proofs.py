"""The proofs of a run: values, not prints; a run whose proofs do not balance has failed."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import bronze, curation, delta
from lakehouse.checksum import NOTHING, Checksum, Field, row_number, row_text
from lakehouse.contracts import Curation, Table
from lakehouse.lake import Lake, Layer, State
from lakehouse.sqltypes import parse


def keys_balance(session: SparkSession, lake: Lake, spec: Curation, at: State) -> tuple[Checksum, Checksum]:
    """Proof (b): the live keys of bronze, and those of silver with open quarantine; equal when none is lost.

    Keys are compared as silver types and hides them: bronze and quarantine hold them as the source spells them.
    """
    table = spec.table
    versions = delta.read(session, lake, "bronze", at, table.name)
    sides = {
        "bronze": _keys_typed(bronze.live_hashes(versions, table), spec),
        "silver": _newest(session, lake, "silver", table).where("_deleted_at IS NULL"),
        "quarantine": _keys_typed(_newest(session, lake, "quarantine", table), replace(spec, pseudonyms=None)),
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


def _keys_typed(raw: DataFrame, spec: Curation) -> DataFrame:
    columns = [spec.table.column(k) for k in spec.table.key]
    return raw.withColumns({c.name: curation.hidden(curation.value(c, is_key=True), c, spec) for c in columns})


def _newest(session: SparkSession, lake: Lake, layer: Layer, table: Table) -> DataFrame:
    state = lake.state(layer, table.name)
    assert state is not None
    return delta.read(session, lake, layer, state, table.name)
