"""The pipeline as plain functions, each one a step that any orchestrator can call."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from random import SystemRandom
from typing import Literal, TypeVar

from lakehouse import delta, ledger, proofs, quality, quality_log, session, silver, staging
from lakehouse.checks import Fresh
from lakehouse.checksum import Checksum
from lakehouse.contracts import Catalog, Curation, Terminal
from lakehouse.extract import Extraction, Extractor, nothing
from lakehouse.lake import Lake, State
from lakehouse.ledger import TableRecord
from lakehouse.pseudonyms import Pseudonyms
from lakehouse.quality import Broken, Verdict
from lakehouse.settings import Settings
from lakehouse.source.connection import connect
from lakehouse.source.horizon import Horizon, safe_horizon
from lakehouse.window import Window, micros, moment

Mode = Literal["incremental", "full", "backfill", "reconcile"]
PLANS, WAIT_SECONDS = 6, (0.2, 1.0)  # two that meet at each commit of a table must get out of step
LOG = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Run:
    """One run of the pipeline: what was asked, and the bound that all its reads share."""

    run_id: str
    settings: Settings
    catalog: Catalog
    mode: Mode
    horizon: Horizon
    as_of: date
    since: date | None = None
    until: date | None = None

    @property
    def lake(self) -> Lake:
        """The lake of this run."""
        return Lake.of(self.settings)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What hides personal values."""
        return hiding(self.settings)

    @cached_property
    def proven(self) -> dict[str, int]:
        """Of each table the bronze commit that was proven when this run first asked; what came later is compared."""
        return ledger.proven(self.lake)

    def spec(self, table: str) -> Curation:
        """The curation of one table, with what hides its personal values.

        Raises:
            Terminal: They are to be hashed and there is no key.
        """
        return self.pseudonyms.applied(self.catalog.tables[table])

    def extractor(self, table: str) -> Extractor:
        """The extractor of one table."""
        declared = self.catalog.tables[table].table
        return Extractor(self.settings, self.lake, declared, self.run_id, self.horizon, self.pseudonyms)


def hiding(settings: Settings) -> Pseudonyms:
    """What hides personal values under these settings."""
    return Pseudonyms(settings.privacy.key, settings.privacy.hash_identifiers)


def refuse_misfit(mode: Mode, since: date | None, until: date | None) -> None:
    """Refuses days that do not fit the mode.

    Raises:
        Terminal: A backfill lacks them or they are in the wrong order, or another mode is given some.
    """
    given = [day is not None for day in (since, until)]
    if (not all(given)) if mode == "backfill" else any(given):
        raise Terminal("mode backfill needs `since` and `until`, and only that mode takes them")
    if since is not None and until is not None and since >= until:
        raise Terminal(f"a backfill reads from `since` up to, not including, `until`: {since} is not before {until}")


def start(
    settings: Settings,
    catalog: Catalog,
    mode: Mode = "incremental",
    since: date | None = None,
    until: date | None = None,
    as_of: date | None = None,
) -> Run:
    """Opens a run: takes the safe horizon, before anything is read.

    Raises:
        Terminal: The source refuses us, the lake cannot be written, or parameters do not fit.
        Transient: The source is unreachable.
    """
    refuse_misfit(mode, since, until)
    Lake.of(settings).check_writable()
    with connect(settings.source) as connection:
        horizon = safe_horizon(connection, settings.source)
    day = as_of or moment(horizon.at).date()
    return Run(uuid.uuid4().hex[:12], settings, catalog, mode, horizon, day, since, until)


def pending(run: Run, table: str) -> bool:
    """True where the table has something to do; needs no JVM.

    Raises:
        Terminal: The source's schema does not fit the declaration.
    """
    lake, spec, extractor = run.lake, run.spec(table), run.extractor(table)
    extractor.check()
    state = lake.state("bronze", table)
    if state is None or not extractor.usable(state) or run.mode != "incremental":
        return True
    if run.proven.get(table) != state.seq:
        return True
    if silver.behind(lake, spec, state):
        return True
    return extractor.changed(state)


def unproven(run: Run, names: list[str]) -> frozenset[str]:
    """Tables in the lake, beside those that this run looks at, whose newest commit no run has proven."""
    known = ledger.proven(run.lake)
    others = {table: run.lake.state("bronze", table) for table in run.catalog.tables if table not in names}
    return frozenset(t for t, state in others.items() if state is not None and known.get(t) != state.seq)


def ingest(run: Run, table: str) -> TableRecord:
    """Carries one table from the source to silver and proves it.

    Raises:
        Terminal, Transient: The table stopped; what was committed before stays and is right.
    """
    began = time.monotonic()
    run.spec(table)  # refuses a missing key before anything is read
    notes = run.extractor(table).check()
    staging.sweep(run.settings.staging_root, table)
    found = settle(lambda: _extract(run, table))
    verdict = _judged(run, table)
    here, there, seq = settle(lambda: _keys(run, table))
    quarantined = run.lake.count("quarantine", table)
    return TableRecord(
        name=table,
        status=found.kind,
        window=f"{moment(found.window.low):%m-%d %H:%M:%S} to {moment(found.window.high):%m-%d %H:%M:%S}"
        if found.window
        else "",
        read=found.read,
        new=found.new,
        deleted=found.deleted,
        rejected=verdict.rejected if verdict else {},
        warned=verdict.warned if verdict else {},
        bronze_rows=here.rows,
        silver_rows=there.rows - quarantined,
        quarantined=quarantined,
        source_equals_bronze=found.proven,
        bronze_equals_silver=here == there,
        seconds=time.monotonic() - began,
        notes=notes,
        seq=seq,
        counted=found.proof.rows if found.proof else None,
        checksum=str(found.proof.sum) if found.proof else "",
        suppressed=found.suppressed,
    )


def unchanged(run: Run, table: str) -> TableRecord:
    """The record of a table that has nothing to do; whether it has stood still for too long is said. Needs no JVM."""
    declared = run.catalog.tables[table].table
    columns = {c.column for c in declared.whole_checks if isinstance(c, Fresh)}
    try:
        newest = {column: run.lake.newest("silver", table, column) for column in columns}
        return TableRecord(table, "unchanged", warned=quality.stale(declared, newest, run.horizon.at))
    except Broken as error:
        return TableRecord(table, "unchanged", error=str(error))


def _judged(run: Run, table: str) -> Verdict | None:
    """Brings silver up to bronze, and keeps how each rule fared, also where one stops the table."""
    declared = run.catalog.tables[table].table
    try:
        verdict = settle(lambda: curate(run, table))
    except Broken as error:
        quality_log.append(run.lake, quality_log.outcomes(run.run_id, run.horizon.at, declared, error.verdict))
        raise
    if verdict is not None and verdict.judged:
        quality_log.append(run.lake, quality_log.outcomes(run.run_id, run.horizon.at, declared, verdict))
    return verdict


def settle(step: Callable[[], Result]) -> Result:
    """Runs a step; where another run was faster, waits a little and plans it again from what that run left."""
    for attempt in range(1, PLANS):
        try:
            return step()
        except delta.Superseded as error:
            LOG.warning("%s; planning again from what it left", error)
            time.sleep(attempt * SystemRandom().uniform(*WAIT_SECONDS))
    return step()


def _extract(run: Run, table: str) -> Extraction:
    extractor = run.extractor(table)
    return replace(_read(run, table, extractor), suppressed=extractor.aside.rows)


def _read(run: Run, table: str, extractor: Extractor) -> Extraction:
    """What the mode asks for; and a comparison of everything where the last run left no proof of what it committed."""
    state = extractor.state()
    unproven = state is not None and run.proven.get(table) != state.seq
    cursor = run.catalog.tables[table].table.cursor
    if state is None or not extractor.usable(state) or run.mode == "full":
        found = extractor.load()
        loaded = extractor.state()
        if cursor is not None and loaded is not None and extractor.changed(loaded):  # a load that another run began
            found = found.followed_by(extractor.window())
        return found.followed_by(extractor.repair())
    if run.mode == "backfill" and cursor is not None:
        assert run.since and run.until
        begin, end = (micros(moment(0).replace(year=d.year, month=d.month, day=d.day)) for d in (run.since, run.until))
        return extractor.backfill(Window(begin - 1, end - 1))  # from midnight to before midnight
    if cursor is None:
        due = unproven or run.mode == "reconcile" or extractor.changed(state)
        return extractor.repair() if due else nothing()
    found = extractor.window() if extractor.changed(state) else nothing()
    if unproven or run.mode == "reconcile":
        kind = "reconcile" if run.mode == "reconcile" else found.kind
        return replace(found.followed_by(extractor.repair()), kind=kind)
    return found


def curate(run: Run, table: str) -> Verdict | None:
    """Brings silver to the newest bronze commit; None where it stands there already."""
    state, spec = _bronze_state(run, table), run.spec(table)
    if not silver.behind(run.lake, spec, state):
        return None
    return silver.advance(session.child(run.settings), run.lake, spec, state, run.run_id, run.horizon.at)


def _keys(run: Run, table: str) -> tuple[Checksum, Checksum, int]:
    """Both sides of proof (b) and the bronze commit that they speak of."""
    curate(run, table)
    before = _consumed(run, table)
    state = run.lake.state("bronze", table, before[0])
    assert state is not None
    here, there = proofs.keys_balance(session.child(run.settings), run.lake, run.spec(table), state)
    if here != there and (before[0] != before[1] or _consumed(run, table) != before):
        raise delta.Superseded(state.table, None)
    return here, there, state.seq


def _consumed(run: Run, table: str) -> tuple[int, int]:
    """The bronze commits that silver and quarantine stand at; they differ while another run is between them."""
    found = [run.lake.state(layer, table) for layer in ("silver", "quarantine")]
    silver_at, quarantine_at = (0 if state is None else state.inputs["bronze"] for state in found)
    return silver_at, quarantine_at


def _bronze_state(run: Run, table: str) -> State:
    state = run.lake.state("bronze", table)
    if state is None or not state.usable:
        raise Terminal(f"table {table} is not loaded yet")
    return state
