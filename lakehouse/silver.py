"""Silver: the current, clean row of each key, from committed bronze; quarantine and history beside it.

The commits go quarantine, history, silver; only the last one says which bronze sequence is consumed, and
each can be done again, so a kill between them loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse import bronze, curation, delta
from lakehouse.contracts import Curation, Table
from lakehouse.lake import Lake, Layer, State
from lakehouse.quoting import spark as quoted


@dataclass(frozen=True)
class SilverReport:
    """What a silver step did: rows by rule that went to quarantine, and breaches of warnings."""

    seq: int
    rejected: dict[str, int]
    warned: dict[str, int]


def behind(silver: State | None, bronze_state: State, fingerprint: str) -> bool:
    """True while there is committed bronze that silver has not consumed, or its rules have changed."""
    if silver is None or silver.fingerprint != fingerprint:
        return True
    return silver.inputs.get("bronze", 0) < bronze_state.seq


def advance(session: SparkSession, lake: Lake, spec: Curation, source: State, run_id: str) -> SilverReport:
    """Brings silver to the bronze commit `source`.

    Raises:
        Superseded: Another run got there first.
        Terminal: A rule of severity `fail` is broken, or more rows are rejected than declared.
    """
    table = spec.table
    before = {layer: lake.state(layer, table.name) for layer in ("quarantine", "history", "silver")}
    for state in before.values():
        if state is not None and state.inputs.get("bronze", 0) > source.seq:
            raise delta.Superseded(state.table, state.run_id)
    silver = before["silver"]
    known = silver is not None and silver.fingerprint == spec.fingerprint
    consumed = silver.inputs.get("bronze", 0) if silver is not None and known else 0
    consumed = consumed if consumed >= source.erased else 0
    everything = delta.read(session, lake, "bronze", source, table.name)
    touched = everything.where(F.col("_seq") > consumed).select(*table.key).distinct()
    versions = everything.join(touched, list(table.key), "left_semi") if consumed else everything
    rows = curation.judged(bronze.latest(versions, table, single=source.single), spec).persist()
    try:
        quarantined = lake.count("quarantine", table.name)
        verdict = curation.verdict(rows, table, lake.count("silver", table.name) + quarantined)
        step = _Step(session, lake, spec, source, run_id, whole=not consumed)
        doubtful = bool(verdict.rejected) or quarantined > 0
        rejects = _quarantine(rows, table)
        step.merge("quarantine", before["quarantine"], rejects, table.key, changes=doubtful)
        if table.history:
            step.merge(
                "history",
                before["history"],
                step.history(versions, rows, before["history"] if consumed else None),
                (*table.key, "_seq"),
            )
        done = step.merge("silver", silver, _clean(rows), table.key)
        return SilverReport(done.seq, verdict.rejected, verdict.warned)
    finally:
        rows.unpersist()


@dataclass(frozen=True)
class _Step:
    session: SparkSession
    lake: Lake
    spec: Curation
    source: State
    run_id: str
    whole: bool

    def history(self, versions: DataFrame, latest: DataFrame, before: State | None) -> DataFrame:
        """All versions of the touched keys; those in the table that are none any more are marked `_gone`."""
        table, rows = self.spec.table, _history(versions, latest, self.spec)
        if before is None:
            return rows
        keys = [*table.key, "_seq"]
        there = delta.read(self.session, self.lake, "history", before, table.name).select(*keys)
        touched = there.join(latest.select(*table.key), list(table.key), "left_semi")
        gone = touched.join(rows.select(*keys), keys, "left_anti").withColumn("_gone", F.lit(True))
        return rows.unionByName(gone, allowMissingColumns=True)

    def merge(
        self, layer: Layer, before: State | None, rows: DataFrame, key: tuple[str, ...], *, changes: bool = True
    ) -> State:
        """Upserts rows by key and deletes those marked `_gone`; without `changes`, commits the state alone.

        A table that is made anew is replaced whole: a key that is hashed otherwise is another key.
        """
        name = self.spec.table.name
        state = replace(
            delta.next_state(f"{layer}/{name}", before, self.run_id, "merge"),
            inputs={"bronze": self.source.seq},
            fingerprint=self.spec.fingerprint,
            watermark=self.source.watermark,
        )
        if self.whole:
            write = delta.overwrite(rows.where("NOT _gone").drop("_gone"))
        elif before is None or not changes:
            write = delta.append(rows.where("NOT _gone" if changes else "FALSE").drop("_gone"))
        else:
            write = lambda path: _merge(self.session, path, rows, key)  # noqa: E731
        return delta.commit(self.lake, layer, name, state, self.session, write)


def _merge(session: SparkSession, path: str, rows: DataFrame, key: tuple[str, ...]) -> None:
    rows.createOrReplaceTempView("_changes")
    on = " AND ".join(f"t.{quoted(k)} <=> s.{quoted(k)}" for k in key)
    names = [c for c in rows.columns if c != "_gone"]
    update = ", ".join(f"t.{quoted(c)} = s.{quoted(c)}" for c in names)
    columns, values = ", ".join(map(quoted, names)), ", ".join(f"s.{quoted(c)}" for c in names)
    session.sql(
        f"MERGE INTO delta.`{path}` t USING _changes s ON {on} "  # noqa: S608
        f"WHEN MATCHED AND s._gone THEN DELETE WHEN MATCHED THEN UPDATE SET {update} "
        f"WHEN NOT MATCHED AND NOT s._gone THEN INSERT ({columns}) VALUES ({values})"
    )


def _clean(rows: DataFrame) -> DataFrame:
    deleted = F.when(F.col("_op") == bronze.DELETE, F.col("_read_at"))
    names = [c for c in rows.columns if not c.startswith("_")]
    return rows.select(*names, deleted.alias("_deleted_at"), "_seq", F.col("_rule").isNotNull().alias("_gone"))


def _quarantine(rows: DataFrame, table: Table) -> DataFrame:
    raw = [F.col("_raw")[c.name].alias(c.name) for c in table.columns]
    is_open = F.col("_rule").isNotNull() & (F.col("_op") == bronze.UPSERT)
    return rows.select(*raw, "_rule", "_reason", "_run_id", "_seq", "_read_at", (~is_open).alias("_gone"))


def _history(versions: DataFrame, latest: DataFrame, spec: Curation) -> DataFrame:
    table = spec.table
    clean_keys = latest.where("_rule IS NULL").select(*table.key)
    stamp = F.col(table.cursor.column) if table.cursor else F.col("_read_at")
    judged = curation.judged(versions, spec).where("_rule IS NULL").join(clean_keys, list(table.key), "left_semi")
    in_order = Window.partitionBy(*table.key).orderBy("_seq")
    begun = judged.withColumn(
        "_from",
        F.max(F.when(F.col("_op") == bronze.DELETE, F.col("_read_at")).otherwise(stamp)).over(in_order),
    )
    closed = begun.withColumn("valid_to", F.lead("_from").over(in_order))
    names = [c for c in judged.columns if not c.startswith("_")]
    kept = closed.where(F.col("_op") == bronze.UPSERT)
    return kept.select(
        *names,
        F.col("_from").alias("valid_from"),
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
        "_seq",
        F.lit(False).alias("_gone"),
    )
