"""Quarantine: the rows that rules keep out of silver, as they were extracted, with every rule that they break.

A row was first seen when the oldest of the versions was read that have been broken ever since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import bronze, curation
from lakehouse.checks import columns_of
from lakehouse.contracts import Curation, Table
from lakehouse.lake import Lake

MARKS = ("_missing", "_unreadable", "_unknown")
MASK = "***"


@dataclass(frozen=True)
class Summary:
    """Rows of one table that one rule was the first to keep out."""

    table: str
    rule: str
    rows: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class Entry:
    """One row in quarantine: its key, all rules that it breaks, and the values that they are about."""

    key: dict[str, Any]
    reason: str
    values: dict[str, Any]
    first_seen: datetime
    last_seen: datetime
    run_id: str


def rows(
    latest: DataFrame, versions: DataFrame, spec: Curation, there: DataFrame | None = None, *, single: bool
) -> DataFrame:
    """The quarantine of the looked-at keys; those with nothing to be kept out, and are `there` now, are marked `_gone`.

    `single` says that no key has more than one version.
    """
    is_open = F.col("_rule").isNotNull() & (F.col("_op") == bronze.UPSERT)
    latest = latest.where(is_open) if there is None else _concerned(latest, is_open, there, spec)
    raw = [F.col("_raw")[c.name].alias(c.name) for c in spec.table.columns]
    reason = F.array_join("_broken", ", ").alias("_reason")
    last_seen = F.col("_read_at").alias("_last_seen")
    found = latest.select(*raw, "_rule", reason, "_run_id", "_seq", last_seen, (~is_open).alias("_gone"))
    if single:
        return found.withColumn("_first_seen", F.col("_last_seen"))
    key = list(spec.table.key)
    tries = versions.join(found.where("NOT _gone").select(*key), key, "left_semi")
    seen = found.join(_first_seen(tries, spec), key, "left")
    return seen.withColumn("_first_seen", F.coalesce("_first_seen", "_last_seen")).select(*found.columns, "_first_seen")


def _concerned(latest: DataFrame, is_open: Expression, there: DataFrame, spec: Curation) -> DataFrame:
    """The rows to be kept out, and those whose key is in quarantine now: the others do not touch the table."""
    names = {k: f"_there_{k}" for k in spec.table.key}
    known = there.select(*[F.col(k).alias(name) for k, name in names.items()], F.lit(True).alias("_there"))
    same = [F.col("_raw")[k].eqNullSafe(F.col(name)) for k, name in names.items()]
    return latest.join(known, same, "left").where(is_open | F.col("_there")).drop(*names.values(), "_there")


def _first_seen(tries: DataFrame, spec: Curation) -> DataFrame:
    key = spec.table.key
    raw = [F.col("_raw")[k].alias(k) for k in key]
    is_fine = F.col("_rule").isNull() | (F.col("_op") == bronze.DELETE)
    judged = curation.judged(tries, spec).select(*raw, "_seq", "_read_at", is_fine.alias("_fine"))
    last_fine = F.coalesce(F.max(F.when(F.col("_fine"), F.col("_seq"))).over(Window.partitionBy(*key)), F.lit(0))
    broken_since = judged.withColumn("_last_fine", last_fine).where("_seq > _last_fine")
    return broken_since.groupBy(*key).agg(F.min("_read_at").alias("_first_seen"))


def summary(lake: Lake, tables: Iterable[str]) -> list[Summary]:
    """How many rows each rule keeps out; a row counts for the first rule that it breaks. Needs no JVM."""
    return [found for name in tables for found in _summary(lake, name)]


def _summary(lake: Lake, name: str) -> Iterator[Summary]:
    rows = _read(lake, name, ["_rule", "_first_seen", "_last_seen"])
    if rows is None:
        return
    found = rows.group_by("_rule").aggregate([("_rule", "count"), ("_first_seen", "min"), ("_last_seen", "max")])
    for row in found.sort_by("_rule").to_pylist():
        yield Summary(name, row["_rule"], row["_rule_count"], row["_first_seen_min"], row["_last_seen_max"])


def entries(lake: Lake, table: Table, rule: str | None = None, limit: int | None = None) -> list[Entry]:
    """The rows of a table that are kept out, longest first; of one rule where it is named. Needs no JVM.

    Personal values are masked.
    """
    rows = _read(lake, table.name, None)
    if rows is None:
        return []
    order = [("_first_seen", "ascending"), *((k, "ascending") for k in table.key)]
    found = [row for row in rows.sort_by(order).to_pylist() if rule is None or rule in row["_reason"].split(", ")]
    return [_entry(row, table) for row in found[:limit]]


def _entry(row: dict[str, Any], table: Table) -> Entry:
    blamed = dict.fromkeys(c for rule in row["_reason"].split(", ") for c in _blamed(rule, table))
    return Entry(
        key={k: _shown(row, k, table) for k in table.key},
        reason=row["_reason"],
        values={c: _shown(row, c, table) for c in blamed if c not in table.key},
        first_seen=row["_first_seen"],
        last_seen=row["_last_seen"],
        run_id=row["_run_id"],
    )


def _blamed(rule: str, table: Table) -> tuple[str, ...]:
    """The columns that a rule is about."""
    names = {c.name.lower(): c.name for c in table.columns}
    for check in table.row_checks:
        if check.name == rule:
            return tuple(names[c.lower()] for c in columns_of(check) if c.lower() in names)
    return tuple(c for mark in MARKS if (c := rule.removesuffix(mark)) in names.values())


def _shown(row: dict[str, Any], column: str, table: Table) -> Any:
    return MASK if table.column(column).pii == "personal" and row[column] is not None else row[column]


def _read(lake: Lake, name: str, columns: list[str] | None) -> pa.Table | None:
    table = lake.open("quarantine", name)
    return None if table is None else table.to_pyarrow_dataset().to_table(columns=columns)
