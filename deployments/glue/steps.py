"""The steps of a run as jobs: each finds in the lake what those before it left; a finished one is not done twice."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sqlalchemy import Engine

from lakehouse import course, ledger, mirrors, pipeline, presentation
from lakehouse.contracts import Catalog, PipelineError, Terminal
from lakehouse.course import Course
from lakehouse.handover import Asked, Handover, Marts, Plan, Release
from lakehouse.lake import Lake
from lakehouse.ledger import MartRecord, RunReport, TableRecord
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.warehouse import engines
from lakehouse.warehouse import release as releases

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One process of a run.

    Raises:
        Terminal, Transient: Its step could not be done; what is committed stays and is right.
    """

    settings: Settings
    catalog: Catalog
    run_id: str

    @property
    def handover(self) -> Handover:
        """What the jobs of this run hand to each other."""
        return Handover(Lake.of(self.settings), self.run_id)

    def plan(self, asked: Asked) -> Plan:
        """Takes the horizon, and finds the tables that have something to do."""
        for name in asked.tables:
            self._refuse_unknown(name)
        found = self.handover.plan()
        if found is None:
            found = self.handover.agree(self._planned(asked))
        if found.asked != asked:
            raise Terminal(f"run {self.run_id} is planned already, for something else: give another --run-id")
        LOG.info(
            "as of %s, horizon by %s; to do: %s", found.as_of, found.horizon.evidence, ", ".join(found.todo) or "-"
        )
        for caution in found.horizon.cautions:
            LOG.warning(caution)
        return found

    def table(self, name: str) -> TableRecord:
        """Carries one table from the source to silver, and proves it."""
        self._refuse_unknown(name)
        plan = self._plan()
        if name not in plan.names:
            raise Terminal(f"run {self.run_id} was not asked for table {name}")
        kept = self.handover.table(name)
        if kept is not None and kept.balanced:
            return kept
        try:
            record = pipeline.ingest(self._run(plan), name)
        except Exception as error:
            self.handover.keep_table(course.stopped(name, error))
            raise
        self.handover.keep_table(record)
        if not record.balanced:
            raise Terminal(f"{name}: the proofs do not balance")
        return record

    def marts(self) -> Marts:
        """Builds the marts whose tables are proven and have changed; others keep their last version."""
        kept = self.handover.marts()
        if kept is not None and kept.finished:
            return kept
        found = self._course()
        try:
            with self._warehouse() as engine:
                marts = self._built(found, engine)
        except PipelineError as error:
            self.handover.keep_marts(Marts(due=True, error=str(error)))
            raise
        self.handover.keep_marts(marts)
        return marts

    def publish(self) -> Release:
        """Releases the marts that were built, all or none, then brings the mirrors to the lake."""
        kept = self.handover.release() or Release()
        if kept != Release() and kept.finished:
            return kept
        marts, found = self.handover.marts(), self._course()
        if marts is None or marts.error:
            raise Terminal(f"run {self.run_id} has no marts to release: run --marts first")
        try:
            with self._warehouse() as engine:
                release = Release() if engine is None else self._released(found, marts, engine)
        except PipelineError as error:
            self.handover.keep_release(Release(error=str(error)))
            raise
        release = replace(release, proofs=kept.proofs | release.proofs)
        self.handover.keep_release(release)
        return release

    def reconcile(self) -> None:
        """Compares every mart and mirror that the warehouse serves with the lake."""
        run = self._run(self._plan())
        with self._warehouse() as engine:
            if engine is not None:
                course.refuse_difference(run, engine)

    def summary(self) -> RunReport:
        """Writes the run's line into the ledger, once."""
        found, lake = self._course(), self.handover.lake
        report = ledger.newest(lake, self.run_id)
        if report is None:
            report = self._report(found)
            ledger.append(lake, report)
        self.handover.keep_report(report)
        if report.errors:
            raise Terminal("; ".join(report.errors))
        return report

    def whole(self, asked: Asked) -> RunReport:
        """All steps, the tables side by side; the record is made whatever they met."""
        plan = self.plan(asked)
        with ThreadPoolExecutor(self.settings.parallel_tables) as pool:
            list(pool.map(self._tried, plan.todo))
        with suppress(PipelineError):  # the record says why
            self.marts()
            self.publish()
        report = self.summary()
        self.reconcile()
        return report

    def _planned(self, asked: Asked) -> Plan:
        began = time.time()
        if asked.publish:
            with engines.engine(self.settings.warehouse) as engine:
                releases.serving(engine)  # it answers before anything is read
        run = pipeline.start(self.settings, self.catalog, asked.mode, asked.since, asked.until, asked.as_of)
        names = sorted(set(asked.tables)) or sorted(self.catalog.tables)
        changed, failed = course.plan(run, names)
        return Plan(self.run_id, asked, run.horizon, run.as_of, tuple(names), tuple(changed), tuple(failed), began)

    def _refuse_unknown(self, name: str) -> None:
        if name not in self.catalog.tables:
            near = get_close_matches(name, self.catalog.tables, 1)
            hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(sorted(self.catalog.tables))}"
            raise Terminal(f"there is no table {name}; {hint}")

    def _plan(self) -> Plan:
        plan = self.handover.plan()
        if plan is None:
            raise Terminal(f"run {self.run_id} has no plan in {self.handover.lake.root}: run --plan first")
        return plan

    def _run(self, plan: Plan) -> Run:
        asked = plan.asked
        return Run(
            self.run_id, self.settings, self.catalog, asked.mode, plan.horizon, plan.as_of, asked.since, asked.until
        )

    def _course(self) -> Course:
        """What became of the tables; one whose job left no record is broken."""
        plan = self._plan()
        lost = {
            name: TableRecord(name, "failed", error="its job left no record: see the job's log") for name in plan.todo
        }
        kept = {name: record for name in plan.names if (record := self.handover.table(name)) is not None}
        return Course(self._run(plan), plan.names, plan.todo, (*plan.failed, *(lost | kept).values()))

    @contextmanager
    def _warehouse(self) -> Iterator[Engine | None]:
        """The warehouse; None where the run was asked not to publish."""
        if not self._plan().asked.publish:
            yield None
            return
        with engines.engine(self.settings.warehouse) as engine:
            yield engine

    def _tried(self, table: str) -> None:
        """One table; its record says what it met."""
        with suppress(Exception):
            self.table(table)

    @staticmethod
    def _built(found: Course, engine: Engine | None) -> Marts:
        ready = found.ready
        if not found.has_marts_to_do(ready, engine):
            return Marts(due=False)
        records, states = presentation.build(found.run, ready)
        return Marts(True, tuple(records), states)

    @staticmethod
    def _released(found: Course, marts: Marts, engine: Engine) -> Release:
        if not marts.due:
            presentation.note_freshness(found.run, engine, found.ready, found.proven)
            return Release(mirrors=mirrors.brought(found.run, engine))
        number, proofs = presentation.publish(found.run, engine, marts.states, found.proven)
        return Release(number, proofs, mirrors.brought(found.run, engine))

    def _report(self, found: Course) -> RunReport:
        plan, lost = self._plan(), "its job left no record: see the job's log"
        marts = self.handover.marts() or Marts(due=True, error=lost)
        release = self.handover.release() or Release(error=lost)
        records = [replace(record, warehouse_equals_gold=release.proofs.get(record.name)) for record in marts.records]
        if marts.error or release.error:
            name = "marts" if marts.error else "release"
            records.append(MartRecord(name, "failed", error=marts.error or release.error))
        used_jvm = bool(plan.todo) or any(record.status == "rebuilt" for record in records)
        return found.report(records, release.number, release.mirrors, time.time() - plan.began, used_jvm=used_jvm)
