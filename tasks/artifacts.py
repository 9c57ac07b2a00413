"""What a run shows on its page: a summary, the certificate that no row is missing, and how the rules fared."""

from __future__ import annotations

from contextlib import suppress

from httpx import HTTPError
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectException

from lakehouse import upkeep_log
from lakehouse.ledger import RunReport
from lakehouse.pins import layer_of
from lakehouse.pipeline import Run
from lakehouse.quality_log import Outcome
from lakehouse.upkeep_log import UpkeepRecord
from lakehouse.window import moment


class Progress:
    """How many of a run's tables are through, live on its page."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._artifact = create_progress_artifact(progress=0.0, key="progress", description=f"of {total} tables")

    def advance(self) -> None:
        """One more is through; a table that is does not fail because nobody can be told."""
        self._done += 1
        told = f"{self._done} of {self._total} tables"
        with suppress(HTTPError, PrefectException):
            update_progress_artifact(self._artifact, progress=100.0 * self._done / self._total, description=told)


def show(run: Run, report: RunReport, found: list[Outcome]) -> None:
    """Leaves its tables on the page of the run, and the address of the metrics' charts where the settings tell it."""
    create_table_artifact(key="data-quality", table=quality(found), description=_told(found))
    create_table_artifact(key="run-summary", table=summary(report), description=report.outcome)
    create_table_artifact(key="certificate", table=certificate(report), description=_evidence(report))
    if report.marts:
        create_markdown_artifact(key="lineage", markdown=lineage(run), description="What each mart is made of")
    if run.settings.dashboard:
        create_link_artifact(key="metrics", link=run.settings.dashboard, link_text="Charts of the metrics")


def lineage(run: Run) -> str:
    """A line per mart that is in the lake: the very commit of each input that it was made of, and its day."""
    states = {name: run.lake.state(layer_of(recipe), name) for name, recipe in run.catalog.marts.items()}
    lines = [
        f"| {name} | {state.checksum.rows:,} | {state.as_of} | "
        f"{', '.join(f'{table} #{seq}' for table, seq in sorted(state.inputs.items()))} |"
        for name, state in states.items() if state is not None
    ]  # fmt: skip
    return "\n".join(["| mart | rows | as of | made of table #commit |", "|---|---|---|---|", *lines])


def show_upkeep(found: list[UpkeepRecord], *, dry_run: bool) -> None:
    """Leaves what an upkeep did on the page of its run."""
    told = upkeep_log.summary(found)
    create_table_artifact(key="upkeep", table=upkeep(found), description=f"a dry run: {told}" if dry_run else told)


def upkeep(found: list[UpkeepRecord]) -> list[dict[str, object]]:
    """One row per table of the lake."""
    return [
        {"layer": r.layer, "table": r.table, "files before": r.files_before, "files after": r.files_after,
         "old files": r.removed, "freed": r.freed,
         "kept since": f"{r.kept_since:%Y-%m-%d %H:%M}" if r.kept_since else "-",
         "because": r.why, "note": r.error or r.note}
        for r in found
    ] or [{"table": "the lake is empty"}]  # fmt: skip


def summary(report: RunReport) -> list[dict[str, object]]:
    """One row per table, mart and mirror: what was done with it."""
    rows: list[dict[str, object]] = [
        {"what": t.name, "status": t.status, "read": t.read, "new": t.new, "deleted": t.deleted,
         "quarantined": t.quarantined, "rows": t.silver_rows, "balanced": t.balanced, "error": t.error}
        for t in report.tables
    ]  # fmt: skip
    rows += [
        {"what": m.name, "status": m.status, "rows": m.rows, "balanced": m.balanced, "error": m.error}
        for m in report.marts
    ]
    rows += [
        {"what": f"mirror {m.name}", "status": m.status, "rows": m.rows, "balanced": m.balanced, "error": m.error}
        for m in report.mirrors
    ]
    return rows or [{"what": "nothing to do"}]


def certificate(report: RunReport) -> list[dict[str, object]]:
    """One row per table that the run looked into: what the source counted, and where each of its rows is now."""
    rows: list[dict[str, object]] = [
        {"table": t.name, "window (UTC)": t.window, "counted at source": t.counted, "its checksum": t.checksum,
         "set aside": t.suppressed,
         "staged": t.read, "appended": t.new, "there already": t.already, "deleted": t.deleted,
         "source = bronze": t.source_equals_bronze, "bronze": t.bronze_rows, "silver": t.silver_rows,
         "quarantine": t.quarantined, "bronze = silver + quarantine": t.bronze_equals_silver}
        for t in report.tables if t.seq is not None
    ]  # fmt: skip
    return rows or [{"table": "all unchanged"}]


def quality(found: list[Outcome]) -> list[dict[str, object]]:
    """One row per rule that some row broke, worst first."""
    rows: list[dict[str, object]] = [
        {"table": o.table, "check": o.check, "status": o.status, "rows": o.rows, "broken": o.broken,
         "share": f"{o.broken / o.rows:.4%}", "tolerated": f"{o.tolerated:g}"}
        for o in sorted(found, key=lambda o: -o.broken / o.rows) if o.broken
    ]  # fmt: skip
    return rows or [{"table": "no row broke a rule"}]


def _told(found: list[Outcome]) -> str:
    held = sum(not o.broken for o in found)
    return f"{held} of {len(found)} rules held for every row; `lakehouse quarantine list` shows what is kept out"


def _evidence(report: RunReport) -> str:
    at = f"{moment(report.horizon_at):%Y-%m-%d %H:%M:%S.%f}"
    return "; ".join([f"safe horizon {at} UTC, by {report.horizon}", *report.cautions])
