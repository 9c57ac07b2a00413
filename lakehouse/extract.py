"""From the source to one bronze commit at a time: loads, windows, snapshots, repairs, backfills."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession

from lakehouse import arrival, bronze, delta, suppression
from lakehouse.arrival import Arrival
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Table, Terminal, Transient
from lakehouse.lake import Lake, LoadPlan, RangeSum, State
from lakehouse.pseudonyms import NOBODY, Pseudonyms
from lakehouse.quoting import mysql
from lakehouse.session import child
from lakehouse.settings import Settings
from lakehouse.source import contract, ranges
from lakehouse.source.connection import connect
from lakehouse.source.horizon import Horizon
from lakehouse.source.select import between, literal
from lakehouse.sqltypes import of
from lakehouse.suppression import Aside, Erased
from lakehouse.window import Window, bound, next_window, tail

FREE_DELETES = 100


@dataclass(frozen=True)
class Extraction:
    """What was read and found new, and whether bronze is proven to equal the source in what was read.

    `proof` is what the source itself counted of it: of the window, or of all key ranges. `suppressed` are the rows of
    erased persons that were set aside.
    """

    kind: str
    read: int = 0
    new: int = 0
    deleted: int = 0
    window: Window | None = None
    proven: bool = True
    proof: Checksum | None = None
    suppressed: int = 0

    def followed_by(self, other: Extraction) -> Extraction:
        """Both as one; the later one's proof speaks for them."""
        return replace(
            self,
            read=self.read + other.read,
            new=self.new + other.new,
            deleted=self.deleted + other.deleted,
            window=other.window or self.window,
            proven=other.proven,
            proof=other.proof,
        )


@dataclass(frozen=True)
class Extractor:
    """Carries one table from the source to bronze; each method is one step that can be lost to another run.

    The rows of erased persons are set aside on both sides: they are not read, and what stands for them stays.
    """

    settings: Settings
    lake: Lake
    table: Table
    run_id: str
    horizon: Horizon
    pseudonyms: Pseudonyms = NOBODY

    @cached_property
    def session(self) -> SparkSession:
        """Its own session; asked for only once rows are staged, since Spark may still be starting."""
        return child(self.settings)

    def state(self) -> State | None:
        """The newest bronze commit."""
        return self.lake.state("bronze", self.table.name)

    def check(self) -> tuple[str, ...]:
        """Compares the source's schema with the declaration; returns what the owner should know."""
        with connect(self.settings.source) as connection:
            trusted = self.settings.source.datetime_is_utc
            return contract.check(connection, self.table, datetime_is_utc=trusted)

    @cached_property
    def aside(self) -> Aside:
        """What of the source belongs to the erased; looked up once, and again before each commit."""
        listed = self._erased()
        if not listed:
            return Aside()
        with connect(self.settings.source) as connection:
            return suppression.aside(connection, self.table, listed, self.pseudonyms)

    def usable(self, state: State | None) -> bool:
        """True where bronze is loaded, as the table is declared now."""
        return state is not None and state.usable and state.fingerprint == self.table.shape

    def changed(self, state: State) -> bool:
        """True where the source's own sums differ from those of the last commit; needs no JVM."""
        with connect(self.settings.source) as connection:
            if self.table.cursor is None:
                cuts = tuple(r.low for r in state.ranges[1:] if r.low is not None)
                connection.begin()
                return ranges.sums(connection, self.table, cuts, None, self.aside.condition) != state.ranges
            window = self._window(state)
            if window is None:
                return False
            where = self.aside.of(between(self.table, window))
            return ranges.where_sum(connection, self.table, where) != state.tail

    def load(self) -> Extraction:
        """Reads the whole table by key ranges, one commit each; goes on where an unfinished load stopped.

        A load that another run finished, and that was begun after this run was, is not done again.

        Raises:
            Terminal: Bronze holds values that the declared types cannot hold beside them.
        """
        state, total = self.state(), Extraction("load")
        same = state is not None and state.fingerprint == self.table.shape
        plan = state.load if state is not None and same else None
        if plan is None or (plan.finished and plan.begun < self.horizon.now):
            if state is not None and not same:
                bronze.check_types(self._bronze(state), self.table)
            plan = self._load_plan()
        while not plan.finished:
            found, plan = self._chunk(plan)
            total = replace(total, read=total.read + found.read, new=total.new + found.new)
        return total

    def window(self) -> Extraction:
        """Reads the window after the watermark and moves it."""
        before = self.state()
        assert before is not None and self.table.cursor is not None
        window = self._window(before)
        if window is None:
            return Extraction("window")
        kept = between(self.table, tail(window.high, self.table.cursor.overlap))
        state = delta.next_state(before.table, before, self.run_id, "window")
        state = replace(state, window=(window.low, window.high), watermark=window.high)
        with self._arrived(between(self.table, window), kept) as rows:
            return self._append(rows, before, replace(state, tail=rows.tail), window)

    def backfill(self, window: Window) -> Extraction:
        """Reads an interval of the cursor again; leaves the watermark."""
        before = self.state()
        if before is None or self.table.cursor is None:
            raise Terminal(f"table {self.table.name} cannot be backfilled: no cursor, or not loaded yet")
        where = between(self.table, window)
        state = replace(
            delta.next_state(before.table, before, self.run_id, "backfill"), window=(window.low, window.high)
        )
        with self._arrived(where, where) as rows:
            return self._append(rows, before, state, window)

    def compare(self) -> tuple[tuple[RangeSum, ...], tuple[RangeSum, ...]]:
        """Count and checksum per key range: at the source in one snapshot, and in bronze-latest.

        Of a cursor table, keys whose cursor is now above the watermark are set aside on both sides.
        """
        state = self.state()
        assert state is not None
        with connect(self.settings.source) as connection:
            kept = self.aside.condition
            cuts = ranges.bounds(connection, self.table, self.settings.range_rows, kept)
            connection.begin()
            there = ranges.sums(connection, self.table, cuts, state.watermark, kept)
            aside = []
            if self.table.cursor is not None and state.watermark is not None:
                aside = ranges.moved(connection, self.table, state.watermark, kept)
            connection.rollback()
        return there, self._sums(state, cuts, aside)

    def _sums(self, state: State, cuts: tuple[str, ...], aside: list[tuple[Any, ...]]) -> tuple[RangeSum, ...]:
        live = bronze.live_hashes(self._bronze(state), self.table, self._frozen())
        if self.table.cursor is not None and state.watermark is not None:
            live = live.where(f"_cursor <= timestamp {literal(state.watermark)}")
        return bronze.range_sums(bronze.without_keys(live, self.table, aside), self.table, cuts)

    def repair(self) -> Extraction:
        """Compares by key range, reads again what differs, appends what is new and tombstones what is gone.

        What was mended is proven once more: of a snapshot table against the sums that its own reads counted, of
        another against the source, where keys that moved meanwhile are set aside.
        """
        before = self.state()
        assert before is not None
        there, here = self.compare()
        differing = [(a.low, a.high) for a, b in zip(there, here, strict=True) if a != b]
        if not differing and (self.table.cursor is not None or before.ranges == there):
            return Extraction("repair", proof=_total(there))
        state = delta.next_state(before.table, before, self.run_id, "repair" if differing else "proof")
        if not differing:
            empty = self._bronze(before).limit(0)
            proof = replace(state, ranges=there, single=before.single)
            delta.commit(self.lake, "bronze", self.table.name, proof, self.session, delta.append(empty))
            return Extraction("proof", proof=_total(there))
        live = sum(r.checksum.rows for r in here)
        with self._arrived(ranges.among(self.table, differing), "FALSE") as rows:
            mended = self._reread(rows, before, state, there, differing, live)
        if self.table.cursor is not None:
            there, here = self.compare()
            return replace(mended, proven=there == here, proof=_total(there))
        after = self.state()
        assert after is not None
        cuts = tuple(r.low for r in after.ranges[1:] if r.low is not None)
        proven = self._sums(after, cuts, []) == after.ranges
        return replace(mended, proven=proven, proof=_total(after.ranges))

    def _reread(
        self,
        rows: Arrival,
        before: State,
        state: State,
        there: tuple[RangeSum, ...],
        differing: list[tuple[str | None, str | None]],
        live: int,
    ) -> Extraction:
        frame, history = rows.frame, self._bronze(before)
        live_rows = bronze.latest(history, self.table).where(~self._frozen())
        known = bronze.in_ranges(live_rows, self.table, differing)
        fresh, gone = bronze.news(frame, history, self.table), bronze.vanished(frame, known, self.table)
        cuts = tuple(r.low for r in there[1:] if r.low is not None)
        read = {(r.low, r.high): r for r in bronze.range_sums(bronze.numbered(frame), self.table, cuts)}
        if self.table.cursor is None:
            state = replace(
                state, ranges=tuple(read[r.low, r.high] if (r.low, r.high) in differing else r for r in there)
            )
        both = fresh.select(*frame.columns, "_op").unionByName(gone.select(*frame.columns, "_op"))
        stamped = bronze.recorded(both, self.table, self.run_id, state.seq, None, self.horizon.now).persist()
        try:
            deleted = stamped.where("_op = 'delete'").count()
            self._guard(deleted, live)
            self._refuse_erased(frame)
            delta.commit(self.lake, "bronze", self.table.name, state, self.session, delta.append(stamped))
            return Extraction("repair", rows.rows, stamped.count() - deleted, deleted)
        finally:
            stamped.unpersist()

    def _guard(self, deleted: int, live: int) -> None:
        if deleted > max(FREE_DELETES, self.table.max_delete_share * live):
            raise Terminal(
                f"table {self.table.name}: {deleted} of {live} live rows are gone from the source, more than the "
                f"declared share {self.table.max_delete_share:g}; nothing was written. If they are meant to be gone, "
                "raise `max_delete_share` in the table's file"
            )

    def _chunk(self, plan: LoadPlan) -> tuple[Extraction, LoadPlan]:
        before = self.state()
        low, high = ranges.pairs(plan.bounds)[plan.done]
        where = ranges.condition(self.table, low, high)
        if self.table.cursor is not None and plan.horizon is not None:
            cursor = mysql(self.table.column(self.table.cursor.column).source_name)
            where = f"{where} AND {cursor} <= {literal(plan.horizon)}"
        after = replace(plan, done=plan.done + 1)
        state = delta.next_state(f"bronze/{self.table.name}", before, self.run_id, "load")
        if state.fingerprint != self.table.shape:
            state = replace(state, fingerprint=self.table.shape, watermark=None, tail=NOTHING)
        single = before is None or (before.single and plan.done > 0)
        state = replace(state, load=after, ranges=(), single=single)
        if after.finished:
            state = replace(state, watermark=plan.horizon, tail=plan.tail)
        with self._arrived(where, None) as rows:
            return self._append(rows, before, state, None), after

    def _load_plan(self) -> LoadPlan:
        with connect(self.settings.source) as connection:
            cuts = ranges.bounds(connection, self.table, self.settings.chunk_rows, self.aside.condition)
            if self.table.cursor is None:
                return LoadPlan(None, cuts, 0, begun=self.horizon.now)
            mark = bound(self.horizon.at, self._digits())
            kept = between(self.table, tail(mark, self.table.cursor.overlap))
            tail_sum = ranges.where_sum(connection, self.table, self.aside.of(kept))
            return LoadPlan(mark, cuts, 0, tail_sum, self.horizon.now)

    def _append(
        self,
        rows: Arrival,
        before: State | None,
        state: State,
        window: Window | None,
    ) -> Extraction:
        frame = rows.frame
        if before is None:
            fresh = frame.selectExpr("*", f"'{bronze.UPSERT}' AS _op")
        else:
            fresh = bronze.news(frame, self._bronze(before), self.table)
        stamped = bronze.recorded(fresh, self.table, self.run_id, state.seq, window, self.horizon.now).persist()
        try:
            self._refuse_erased(frame)
            delta.commit(self.lake, "bronze", self.table.name, state, self.session, delta.append(stamped))
            return Extraction(state.kind, rows.rows, stamped.count(), 0, window, proof=rows.proof)
        finally:
            stamped.unpersist()

    def _arrived(self, where: str, tail: str | None) -> AbstractContextManager[Arrival]:
        return arrival.arrived(lambda: self.session, self.settings, self.table, self.aside.of(where), tail)

    def _erased(self) -> tuple[Erased, ...]:
        return suppression.erased(self.lake, self.pseudonyms) if self.table.persons else ()

    def _frozen(self) -> Expression:
        return suppression.is_stand_in(self.table, self.aside.erased)

    def _refuse_erased(self, frame: DataFrame) -> None:
        """Refuses to commit what was planned without somebody who has been erased since, or who came meanwhile."""
        listed = self._erased()
        if [e.person for e in listed] != [e.person for e in self.aside.erased]:
            raise delta.Superseded(f"bronze/{self.table.name}", None)
        for column in self.table.persons if listed else ():
            ids = (row[0] for row in frame.select(column.name).distinct().na.drop().collect())
            if suppression.among(ids, listed, self.pseudonyms):
                raise Transient(f"{self.table.name}: rows of an erased person came while it was read; run again")

    def _bronze(self, state: State) -> DataFrame:
        return delta.read(self.session, self.lake, "bronze", state, self.table.name)

    def _window(self, state: State) -> Window | None:
        assert self.table.cursor is not None and state.watermark is not None
        return next_window(state.watermark, self.horizon.at, self.table.cursor.overlap, self._digits())

    def _digits(self) -> int:
        assert self.table.cursor is not None
        return of(self.table.column(self.table.cursor.column)).digits


def _total(sums: tuple[RangeSum, ...]) -> Checksum:
    return sum((r.checksum for r in sums), NOTHING)


def nothing() -> Extraction:
    """The extraction of an unchanged table."""
    return Extraction("unchanged")
