"""The course of a run, whoever orchestrates it: what there is to do, what its tables allow, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from lakehouse import failures, mirrors, pipeline, presentation
from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.ledger import MartRecord, MirrorRecord, RunReport, TableRecord
from lakehouse.pipeline import Run
from lakehouse.warehouse.reconcile import compare


def plan(run: Run, names: list[str]) -> tuple[list[str], list[TableRecord]]:
    """The tables among these that have something to do, and the records of those that cannot be looked at.

    Needs no JVM.
    """
    changed, failed = [], []
    for name in names:
        try:
            if pipeline.pending(run, name):
                changed.append(name)
        except PipelineError as error:
            failed.append(stopped(name, error))
    return changed, failed


def stopped(table: str, error: Exception) -> TableRecord:
    """The record of a table that an error stopped."""
    return TableRecord(table, "failed", error=failures.told(f"table {table}", error))


def refuse_difference(run: Run, engine: Engine) -> None:
    """Compares every mart and mirror that the warehouse serves, whole, with the lake.

    Raises:
        Terminal: One differs.
        Transient: One is only behind the lake.
    """
    both = [*compare(engine, run.lake, run.catalog), *mirrors.compare(run.settings, engine, run.catalog)]
    unequal = [one for one in both if not one.equal]
    told = ", ".join(f"{one.mart} ({one.release})" for one in unequal)
    if unequal and all(one.release == "behind" for one in unequal):
        raise Transient(f"the warehouse is behind the lake, another run may be at it: {told}")
    if unequal:
        raise Terminal(
            f"the warehouse is not what the lake is: {told}; `lakehouse reconcile --warehouse` names the keys"
        )


@dataclass(frozen=True)
class Course:
    """A run once its tables are through.

    Attributes:
        run: The run.
        names: The tables that it looked at.
        changed: Those that had something to do.
        records: What became of them, and of those that could not be looked at.
    """

    run: Run
    names: tuple[str, ...]
    changed: tuple[str, ...]
    records: tuple[TableRecord, ...]

    @cached_property
    def broken(self) -> frozenset[str]:
        """Tables whose newest commit is not proven, of this run or of an earlier one."""
        return frozenset(r.name for r in self.records if not r.balanced) | pipeline.unproven(self.run, list(self.names))

    @property
    def proven(self) -> frozenset[str]:
        """The tables that this run proved up to its horizon."""
        return frozenset(self.names) - self.broken

    @property
    def whole(self) -> frozenset[str]:
        """The marts that read no broken table."""
        catalog = self.run.catalog
        return frozenset(mart for mart in catalog.marts if not catalog.sources_of(mart) & self.broken)

    @property
    def ready(self) -> frozenset[str]:
        """The marts among them all of whose tables are in the lake."""
        catalog = self.run.catalog
        loaded = {table for table in catalog.tables if self.run.lake.state("silver", table) is not None}
        return frozenset(mart for mart in self.whole if catalog.sources_of(mart) <= loaded)

    @property
    def held(self) -> list[MartRecord]:
        """The presented marts that are not rebuilt, and why."""
        catalog = self.run.catalog
        held = [m for m in catalog.marts if m not in self.whole and catalog.marts[m].mart.layer == "presentation"]
        causes = {mart: ", ".join(sorted(catalog.sources_of(mart) & self.broken)) for mart in held}
        return [MartRecord(mart, "kept", error=f"not rebuilt: {cause} unproven") for mart, cause in causes.items()]

    def has_marts_to_do(self, ready: frozenset[str], engine: Engine | None) -> bool:
        """Whether a mart must be built or released; where not, no JVM was needed to know.

        Raises:
            Terminal, Transient: The warehouse refuses us or cannot be reached.
        """
        if self.changed or presentation.pending(self.run, ready):
            return True
        return engine is not None and presentation.publish_pending(self.run, engine)

    def report(
        self,
        marts: list[MartRecord],
        release: int,
        mirrors: tuple[MirrorRecord, ...],
        seconds: float,
        *,
        used_jvm: bool,
    ) -> RunReport:
        """The record of the whole run."""
        run, known = self.run, {record.name for record in self.records}
        unchanged = [pipeline.unchanged(run, name) for name in self.names if name not in known]
        outcome = "done" if self.changed or marts or mirrors else "nothing to do"
        return RunReport(
            run.run_id, run.mode, run.as_of.isoformat(), run.horizon.evidence, outcome,
            (*self.records, *unchanged), (*marts, *self.held), release, seconds, used_jvm, run.horizon.at,
            run.horizon.cautions, mirrors,
        )  # fmt: skip
