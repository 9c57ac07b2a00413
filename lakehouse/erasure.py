"""Erases a person: a random id stands for the real one in every layer and in the warehouse, and totals do not move.

Each step can be done again: what was cut off is ended by erasing the same person once more.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_

from pyarrow.compute import Expression as Condition
from pyarrow.compute import field
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Engine

from lakehouse import (
    bronze,
    delta,
    erasure_log,
    mirrors,
    pipeline,
    presentation,
    pseudonyms,
    session,
    staging,
    suppression,
)
from lakehouse.contracts import Catalog, Column, Table, Terminal
from lakehouse.erasure_log import ErasureRecord
from lakehouse.lake import Lake, Layer, State
from lakehouse.pins import layer_of
from lakehouse.pipeline import Run
from lakehouse.purge import Purged, purge
from lakehouse.quoting import spark as quoted
from lakehouse.settings import Settings
from lakehouse.source.horizon import Horizon
from lakehouse.suppression import Erased
from lakehouse.warehouse import release as releases

WAS = "_was_"


@dataclass(frozen=True)
class Line:
    """One table of one layer: rows that the person had in it, and what was purged of it."""

    layer: Layer
    name: str
    rows: int
    purged: Purged


@dataclass(frozen=True)
class Receipt:
    """What an erasure did; `person` is the beginning of the keyed hash by which the list knows the person."""

    person: str
    run_id: str
    lines: tuple[Line, ...]
    release: int
    seconds: float

    @property
    def unclaimed(self) -> int:
        """Files that belong to no commit: of a run that writes now, or that broke off."""
        return sum(line.purged.unclaimed for line in self.lines)

    def record(self) -> ErasureRecord:
        """What the ledger keeps of it."""
        rows: Counter[str] = Counter()
        for line in self.lines:
            rows[line.layer] += line.rows
        return ErasureRecord(self.run_id, datetime.now(UTC), self.person, dict(rows), self.release, self.unclaimed)


def erase(settings: Settings, catalog: Catalog, engine: Engine, person: str) -> Receipt:
    """Puts a random id in the place of a person's, everywhere, and keeps the person out from now on.

    Raises:
        Terminal: There is no key, no table names persons, or one of them is half loaded.
        Transient: The warehouse or the lake cannot be reached; erase again, it goes on where it stopped.
    """
    began = time.monotonic()
    run = _run(settings, catalog)
    run.pseudonyms.refuse_missing_key("an erased person is known by a keyed hash")
    tables = _tables(run, person)
    releases.serving(engine)
    entry = suppression.add(run.lake, run.pseudonyms, person, run.run_id, tables)
    places = list(_places(run, tables))
    counts = {place: _rows(run, *place, person) for place in places}
    if entry.done and not any(counts.values()):
        mirrors.purge(run, engine)
        release = releases.serving(engine).release
        return Receipt(entry.person[:12], run.run_id, (), release, time.monotonic() - began)
    for table in tables:
        staging.sweep(settings.staging_root, table.name)
        pipeline.settle(lambda t=table: _erase_bronze(run, t, person, entry))  # type: ignore[misc]
        pipeline.settle(lambda t=table: pipeline.curate(run, t.name))  # type: ignore[misc]
    release = _release(run, engine, tables)
    mirrors.purge(run, engine)
    left = [f"{layer} {name}" for layer, name in places if _rows(run, layer, name, person)]
    if left:
        raise Terminal(f"the person is still in {', '.join(left)}; is a run active? Let it end, then erase again")
    lines = tuple(Line(*place, counts[place], purge(run.lake, *place)) for place in places)
    found = Receipt(entry.person[:12], run.run_id, lines, release, time.monotonic() - began)
    erasure_log.append(run.lake, found.record())
    if not found.unclaimed:
        suppression.finish(run.lake, run.pseudonyms, entry, run.run_id)
    return found


def _run(settings: Settings, catalog: Catalog) -> Run:
    """A run that reads nothing of the source, and whose marts speak of the day that they spoke of."""
    lake = Lake.of(settings)
    lake.check_writable()
    states = [lake.state(layer_of(recipe), name) for name, recipe in catalog.marts.items()]
    days = [date.fromisoformat(s.as_of) for s in states if s is not None and s.as_of]
    horizon = Horizon(0, 0, "erasure")
    return Run(uuid.uuid4().hex[:12], settings, catalog, "incremental", horizon, max(days, default=date.min))


def _tables(run: Run, person: str) -> list[Table]:
    """The tables in the lake whose rows name persons.

    Raises:
        Terminal: There is none, an id of its type cannot be so, or one is not loaded to its end.
    """
    declared = [spec.table for spec in run.catalog.tables.values() if spec.table.persons]
    if not declared:
        raise Terminal('no table has a column of `pii="identifier"`, so there is nobody to erase')
    numbers = all(c.type.upper() == "BIGINT" for table in declared for c in table.persons)
    if numbers and not person.removeprefix("-").isdigit():
        raise Terminal("the id of a person is a whole number here; check what --user was given")
    found = []
    for table in declared:
        state = run.lake.state("bronze", table.name)
        if state is None:
            continue
        if not state.usable or state.fingerprint != table.shape:
            raise Terminal(f"table {table.name} is being loaded; `lakehouse run` to its end, then erase")
        found.append(table)
    return found


def _places(run: Run, tables: list[Table]) -> Iterator[tuple[Layer, str]]:
    layers: tuple[Layer, ...] = ("bronze", "quarantine", "history", "silver")
    for table in tables:
        yield from ((layer, table.name) for layer in layers if run.lake.open(layer, table.name) is not None)
    for name in _marts(run, tables):
        layer = layer_of(run.catalog.marts[name])
        if run.lake.open(layer, name) is not None:
            yield layer, name


def _marts(run: Run, tables: list[Table]) -> list[str]:
    names = {table.name for table in tables}
    return [mart for mart in run.catalog.marts if run.catalog.sources_of(mart) & names]


def _rows(run: Run, layer: Layer, name: str, person: str) -> int:
    """Rows that hold the person, by the columns that name persons; in a mart, those of the same name."""
    specs = [run.catalog.tables[name]] if name in run.catalog.tables else list(run.catalog.tables.values())
    table = run.lake.open(layer, name)
    if table is None:
        return 0
    kinds = {f.name: f.type for f in table.to_pyarrow_dataset().schema}
    columns = {c.name: c for spec in specs for c in spec.table.persons if c.name in kinds}
    wanted: list[Condition] = []
    for column in columns.values():
        typed = person if column.type.upper() != "BIGINT" else int(person) if person.lstrip("-").isdigit() else None
        if typed is not None:
            value = typed if layer == "bronze" else run.pseudonyms.value(typed, column)
            wanted.append(field(column.name).cast("string") == str(value))
    return run.lake.count(layer, name, reduce(or_, wanted)) if wanted else 0


def _erase_bronze(run: Run, table: Table, person: str, entry: Erased) -> None:
    """One commit that rewrites the person's rows; or none but its number, which whoever planned before it loses by."""
    spark, before = session.child(run.settings), run.lake.state("bronze", table.name)
    assert before is not None
    everything = delta.read(spark, run.lake, "bronze", before, table.name)
    rows = _disguised(everything, table, person, entry, run).persist()
    try:
        found = rows.count()
        state = delta.next_state(before.table, before, run.run_id, "erase")
        state = replace(_without_bounds(state), single=before.single, erased=state.seq if found else before.erased)
        write = delta.append(everything.limit(0)) if not found else lambda path: _put(spark, path, rows, table)
        delta.commit(run.lake, "bronze", table.name, state, spark, write)
    finally:
        rows.unpersist()


def _without_bounds(state: State) -> State:
    """A state that names no key: where a key begins with an id, a bound is one."""
    load = replace(state.load, bounds=(), done=1) if state.load else None
    return replace(state, ranges=(), load=load)


def _disguised(everything: DataFrame, table: Table, person: str, entry: Erased, run: Run) -> DataFrame:
    """The versions that name the person, without what tells of the person; beside them their old keys."""
    theirs = {c.name: pseudonyms.equals(person, F.col(quoted(c.name))) for c in table.persons}
    marked = everything.withColumns({f"_is_{name}": found for name, found in theirs.items()})
    rows = marked.where(reduce(or_, [F.col(f"_is_{name}") for name in theirs]))
    rows = rows.withColumns({WAS + key: F.col(quoted(key)) for key in table.key})
    rows = rows.withColumns({c.name: _instead(c, entry, run) for c in table.columns if c.pii != "none" or c.free_text})
    return bronze.hashed(rows, table).drop(*[f"_is_{name}" for name in theirs])


def _instead(column: Column, entry: Erased, run: Run) -> Expression:
    old = F.col(quoted(column.name))
    if column.pii == "identifier":
        kept = F.lit(suppression.stand_in(entry, column))
        return F.when(F.col(f"_is_{column.name}"), kept).otherwise(old).cast(bronze.kind(column))
    if column.free_text:
        return F.lit(None).cast(bronze.kind(column))
    number = column.type.upper() == "BIGINT"
    token = pseudonyms.hashed(run.pseudonyms.mark("erased", entry.alias), old, number=number)
    return (-(token % (1 << suppression.NARROW_BITS)) - 1 if number else token).cast(bronze.kind(column))


def _put(spark: SparkSession, path: str, rows: DataFrame, table: Table) -> None:
    rows.createOrReplaceTempView("_erased")
    on = " AND ".join(f"t.{quoted(k)} <=> s.{quoted(WAS + k)}" for k in table.key)
    changed = [c.name for c in table.columns if c.pii != "none" or c.free_text] + ["_hash"]
    update = ", ".join(f"t.{quoted(c)} = s.{quoted(c)}" for c in changed)
    spark.sql(
        f"MERGE INTO delta.`{path}` t USING _erased s ON {on} AND t._seq = s._seq WHEN MATCHED THEN UPDATE SET {update}"
    )


def _release(run: Run, engine: Engine, tables: list[Table]) -> int:
    """Rebuilds every mart that knows of these tables, and releases what is published.

    Raises:
        Terminal: One could not be rebuilt, or the warehouse does not serve what gold says.
    """
    loaded = {t for t in run.catalog.tables if run.lake.state("silver", t) is not None}
    ready = frozenset(m for m in _marts(run, tables) if run.catalog.sources_of(m) <= loaded)
    records, states = presentation.build(run, ready)
    failed = [f"{record.name}: {record.error}" for record in records if record.error]
    if failed:
        raise Terminal(f"{'; '.join(failed)}; the person is not erased there: mend it, then erase again")
    release, proofs = presentation.publish(run, engine, states)
    wrong = sorted(name for name, held in proofs.items() if not held)
    if wrong:
        raise Terminal(f"the warehouse does not serve what gold says of {', '.join(wrong)}; erase again")
    return release
