"""How each rule fared in each run: a row per run, table and rule, in the lake, for a mart and the page of the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import curation
from lakehouse.contracts import Table
from lakehouse.lake import Lake
from lakehouse.quality import Verdict
from lakehouse.window import moment

NAME = "checks"
SCHEMA = pa.schema(
    [("run_id", pa.string()), ("run_at", pa.timestamp("us", tz="UTC")), ("table", pa.string()), ("check", pa.string()),
     ("severity", pa.string()), ("rows", pa.int64()), ("broken", pa.int64()), ("tolerated", pa.float64()),
     ("status", pa.string())]
)  # fmt: skip
Status = Literal["passed", "warned", "quarantined", "failed"]


@dataclass(frozen=True)
class Outcome:
    """One rule on one table in one run.

    Attributes:
        run_id: The run.
        run_at: The horizon of the run.
        table: The table.
        check: The rule.
        severity: What a breach does.
        rows: Rows that were judged.
        broken: Of these, the rows that broke the rule; a row in quarantine counts for the first rule that it broke.
        tolerated: The share that may break it without a word.
        status: What came of it.
    """

    run_id: str
    run_at: datetime
    table: str
    check: str
    severity: str
    rows: int
    broken: int
    tolerated: float
    status: Status


def outcomes(run_id: str, at: int, table: Table, verdict: Verdict) -> list[Outcome]:
    """All rules of a table, those of its columns too, and what each found; `at` in microseconds."""
    rules = [(name, "quarantine", 0.0) for column in table.columns for name in curation.rules_of(column)]
    rules += [(c.name, c.severity, getattr(c, "tolerated", 0.0)) for c in table.checks]
    broken = verdict.warned | verdict.rejected | verdict.stopped
    return [
        Outcome(run_id, moment(at), table.name, name, severity, verdict.judged, broken.get(name, 0), tolerated,
                _status(name, verdict))
        for name, severity, tolerated in rules
    ]  # fmt: skip


def _status(rule: str, verdict: Verdict) -> Status:
    if rule in verdict.stopped:
        return "failed"
    return "quarantined" if rule in verdict.rejected else "warned" if rule in verdict.warned else "passed"


def append(lake: Lake, found: list[Outcome]) -> None:
    """Writes outcomes behind the others."""
    rows = pa.Table.from_pylist([asdict(outcome) for outcome in found], schema=SCHEMA)
    lake.append(NAME, rows)


def of_run(lake: Lake, run_id: str) -> list[Outcome]:
    """The outcomes of a run, by table, as declared."""
    table = lake.open("ledger", NAME)
    if table is None:
        return []
    rows = table.to_pyarrow_dataset().to_table(filter=pc.field("run_id") == run_id)
    return [Outcome(**row) for row in rows.to_pylist()]
