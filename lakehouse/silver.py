"""Silver: the current, clean row of each key, from committed bronze; quarantine and history beside it.

The commits go quarantine, history, silver; only the last one says which bronze sequence is consumed, and
each can be done again, so a kill between them loses nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import bronze, checks, curation, delta, history, ledger, quality, quarantine
from lakehouse.comments import commented
from lakehouse.contracts import Curation, Table, Terminal
from lakehouse.lake import Lake, Layer, State
from lakehouse.quality import Verdict
from lakehouse.quoting import spark as quoted

LAYERS: tuple[Layer, ...] = ("quarantine", "history", "silver")
RULES = (checks, curation, history, quarantine)


def behind(lake: Lake, spec: Curation, source: State) -> bool:
    """True while silver has not consumed this bronze commit, or one of the layers was made by other rules."""
    before = _before(lake, spec.table)
    silver = before["silver"]
    if silver is None or not _made_by(_of_today(spec.fingerprint), before):
        return True
    return silver.inputs.get("bronze", 0) < source.seq


def advance(session: SparkSession, lake: Lake, spec: Curation, source: State, run_id: str, at: int) -> Verdict:
    """Brings silver to the bronze commit `source`; `at` is the horizon of the run, in microseconds.

    Where the rules are new, all of it is judged again, and each table is written anew with its schema.

    Raises:
        Superseded: Another run got there first.
        Terminal: A rule of severity `fail` is broken, or more rows are rejected than declared.
    """
    before, fingerprint = _before(lake, spec.table), _of_today(spec.fingerprint)
    for state in before.values():
        if state is not None and state.inputs.get("bronze", 0) > source.seq:
            raise delta.Superseded(state.table, state.run_id)
    silver = before["silver"]
    consumed = 0 if silver is None else silver.inputs.get("bronze", 0)
    is_new = silver is None or not _made_by(fingerprint, before) or consumed < source.erased
    everything = delta.read(session, lake, "bronze", source, spec.table.name)
    touched = everything.where(F.col("_seq") > consumed)
    step = _Step(session, lake, spec, source, run_id, at, before, fingerprint, is_new)
    return step.take(_versions(everything, touched, spec) if not is_new else everything)


def retry(session: SparkSession, lake: Lake, spec: Curation, run_id: str, at: int) -> Verdict | None:
    """Judges all rows again by changed rules, from the bronze that silver stands at; None where the rules are the same.

    Raises:
        Superseded: Another run is at work on the table.
        Terminal: The table is not in the lake yet, or not as it is declared now, or a rule stops it.
    """
    table, before = spec.table, _before(lake, spec.table)
    silver = before["silver"]
    if silver is None:
        raise Terminal(f"table {table.name} is not in the lake yet; `lakehouse run` loads it")
    if _made_by(_of_today(spec.fingerprint), before):
        return None
    source = lake.state("bronze", table.name, silver.inputs["bronze"])
    if source is None:
        raise delta.Superseded(silver.table, silver.run_id)
    if source.fingerprint != table.shape:
        raise Terminal(
            f"table {table.name}: what it reads of the source has changed; `lakehouse run` judges it all again"
        )
    return advance(session, lake, spec, source, run_id, at)


def _before(lake: Lake, table: Table) -> dict[Layer, State | None]:
    return {layer: lake.state(layer, table.name) for layer in LAYERS if layer != "history" or table.history}


def _made_by(fingerprint: str, before: dict[Layer, State | None]) -> bool:
    """A run by other rules that was killed half-way has left its mark on some layers only."""
    return all(state is None or state.fingerprint == fingerprint for state in before.values())


def _versions(everything: DataFrame, touched: DataFrame, spec: Curation) -> DataFrame:
    key = list(spec.table.key)
    return everything.join(touched.select(*key).distinct(), key, "left_semi")


def _of_today(fingerprint: str) -> str:
    """The fingerprint of a declaration together with that of our own code that decides what silver holds."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in RULES)
    return hashlib.sha256(fingerprint.encode() + code).hexdigest()[:16]


@dataclass(frozen=True)
class _Step:
    session: SparkSession
    lake: Lake
    spec: Curation
    source: State
    run_id: str
    at: int
    before: dict[Layer, State | None]
    fingerprint: str
    is_new: bool

    def take(self, versions: DataFrame) -> Verdict:
        """Judges all versions of some keys, and commits what comes of it."""
        table, single = self.spec.table, self.source.single
        rows = curation.judged(bronze.latest(versions, table, single=single), self.spec).persist()
        try:
            quarantined = self.lake.count("quarantine", table.name)
            verdict = quality.verdict(rows, table, self.lake.count("silver", table.name) + quarantined)
            verdict = replace(verdict, warned=verdict.warned | self._whole(rows, verdict))
            held = self._there("quarantine") if quarantined else None
            rejects = quarantine.rows(rows, versions, self.spec, held, single=single or not verdict.rejected)
            doubtful = bool(verdict.rejected) or quarantined > 0
            self._write("quarantine", rejects, table.key, changes=doubtful)
            if table.history:
                self._write("history", self._history(versions, rows), (*table.key, "_seq"))
            self._write("silver", _clean(rows), table.key)
            return verdict
        finally:
            rows.unpersist()

    def _whole(self, rows: DataFrame, verdict: Verdict) -> dict[str, int]:
        table, silver = self.spec.table, self.before["silver"]
        if not table.whole_checks:
            return {}
        live = rows.where(f"_rule IS NULL AND _op = '{bronze.UPSERT}'").select(*[c.name for c in table.columns])
        if silver is not None and not self.is_new:
            others = delta.read(self.session, self.lake, "silver", silver, table.name).where("_deleted_at IS NULL")
            live = others.join(rows.select(*table.key), list(table.key), "left_anti").select(*live.columns).union(live)
        wanted = {c.table for c in table.whole_checks if isinstance(c, checks.References)}
        states = {name: self.lake.state("silver", name) for name in wanted}
        parents = {n: delta.read(self.session, self.lake, "silver", s, n) for n, s in states.items() if s is not None}
        brought = None if self.is_new else verdict.judged
        usual = ledger.brought(self.lake, table.name) if any(map(_is_volume, table.whole_checks)) else []
        return quality.whole(table, quality.Whole(live, parents, self.at, usual, brought))

    def _history(self, versions: DataFrame, latest: DataFrame) -> DataFrame:
        made, there = history.rows(versions, latest, self.spec), self._there("history")
        return made if there is None else history.changes(made, latest, there, self.spec.table.key)

    def _there(self, layer: Layer) -> DataFrame | None:
        """The rows of a table that are to be changed; None where all of it is written anew."""
        before = self.before[layer]
        if before is None or self.is_new:
            return None
        return delta.read(self.session, self.lake, layer, before, self.spec.table.name)

    def _write(self, layer: Layer, rows: DataFrame, key: tuple[str, ...], *, changes: bool = True) -> State:
        """Upserts rows by key and deletes those marked `_gone`; without `changes`, commits the state alone.

        A new table, or one whose rules are new, is written whole.
        """
        table, before = self.spec.table, self.before[layer]
        name = table.name
        whole = before is None or self.is_new
        state = replace(
            delta.next_state(f"{layer}/{name}", before, self.run_id, "build" if whole else delta.MERGE),
            inputs={"bronze": self.source.seq},
            fingerprint=self.fingerprint,
            watermark=self.source.watermark,
        )
        if whole:
            write = delta.overwrite(
                commented(rows.where("NOT _gone").drop("_gone"), table.columns), feed=layer != "quarantine"
            )
        elif not changes:
            write = delta.append(rows.where("FALSE").drop("_gone"))
        else:
            write = lambda path: _merge(self.session, path, rows, key)  # noqa: E731
        return delta.commit(self.lake, layer, name, state, self.session, write)


def _is_volume(check: checks.AnyCheck) -> bool:
    return isinstance(check, checks.Volume)


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
