"""The ledger: one durable record per run, table and mart, appended by delta-rs so that it needs no JVM."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from lakehouse.lake import Lake

NAME = "runs"


@dataclass(frozen=True)
class TableRecord:
    """The certificate of one table: what a run did with it, and whether the proofs (a) and (b) balance.

    Attributes:
        name: The table.
        status: What was done.
        window: The cursor values that were read, (from, to], UTC.
        read: Rows that were staged.
        new: Rows that were appended to bronze; the others were there already.
        deleted: Keys that are gone from the source.
        rejected: Rows that went to quarantine in this run, by rule.
        warned: Breaches of warnings, by rule.
        bronze_rows: Live keys in bronze.
        silver_rows: Live rows in silver.
        quarantined: Rows in quarantine now.
        source_equals_bronze: Proof (a).
        bronze_equals_silver: Proof (b).
        seconds: How long it took.
        error: Why the table stopped.
        notes: What its owner should know.
        counted: Rows that the source itself counted in the snapshot that was read, of the window or the table.
        checksum: Their checksum as the source computed it.
        seq: The bronze commit that the proofs speak of.
        suppressed: Rows of erased persons at the source, which are set aside on both sides of proof (a).
    """

    name: str
    status: str
    window: str = ""
    read: int = 0
    new: int = 0
    deleted: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    warned: dict[str, int] = field(default_factory=dict)
    bronze_rows: int = 0
    silver_rows: int = 0
    quarantined: int = 0
    source_equals_bronze: bool = True
    bronze_equals_silver: bool = True
    seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    counted: int | None = None
    checksum: str = ""
    seq: int | None = None
    suppressed: int = 0

    @property
    def already(self) -> int:
        """Rows that were read and stood in bronze already."""
        return max(0, self.read - self.new)

    @property
    def balanced(self) -> bool:
        """True when every row of the source is accounted for."""
        return not self.error and self.source_equals_bronze and self.bronze_equals_silver


@dataclass(frozen=True)
class MartRecord:
    """What a run did with one mart, and whether proof (c) balances.

    `periods` counts those that were made anew, where not all of the mart was.
    """

    name: str
    status: str
    rows: int = 0
    warehouse_equals_gold: bool | None = None
    seconds: float = 0.0
    error: str = ""
    periods: int | None = None

    @property
    def balanced(self) -> bool:
        """True when the warehouse serves what gold says, where it was published."""
        return not self.error and self.warehouse_equals_gold is not False


@dataclass(frozen=True)
class MirrorRecord:
    """What a run did with the mirror of one table of the lake that was behind it; `rows` are those that it holds."""

    name: str
    status: str
    rows: int = 0
    seconds: float = 0.0
    error: str = ""

    @property
    def balanced(self) -> bool:
        """True when it is what the lake is."""
        return not self.error


@dataclass(frozen=True)
class RunReport:
    """The record of a whole run; `horizon_at` in microseconds, `horizon` is what it rests on.

    `cautions` say what of the horizon is not proven, and who holds it back.
    """

    run_id: str
    mode: str
    as_of: str
    horizon: str
    outcome: str
    tables: tuple[TableRecord, ...]
    marts: tuple[MartRecord, ...]
    release: int
    seconds: float
    used_jvm: bool
    horizon_at: int
    cautions: tuple[str, ...] = ()
    mirrors: tuple[MirrorRecord, ...] = ()

    @property
    def errors(self) -> list[str]:
        """Why the run failed, by table, mart and mirror; empty when it did not."""
        records: list[TableRecord | MartRecord | MirrorRecord] = [*self.tables, *self.marts, *self.mirrors]
        return [f"{r.name}: {r.error or 'the proofs do not balance'}" for r in records if not r.balanced]


REPORT: TypeAdapter[RunReport] = TypeAdapter(RunReport)


def append(lake: Lake, report: RunReport) -> None:
    """Writes the record of a run behind the others."""
    row: dict[str, Any] = {
        "run_id": report.run_id,
        "recorded_at": datetime.now(UTC),
        "mode": report.mode,
        "as_of": report.as_of,
        "outcome": report.outcome,
        "release": report.release,
        "seconds": report.seconds,
        "report": json.dumps(asdict(report)),
    }
    schema = pa.schema(
        [("run_id", pa.string()), ("recorded_at", pa.timestamp("us", tz="UTC")), ("mode", pa.string()),
         ("as_of", pa.string()), ("outcome", pa.string()), ("release", pa.int64()), ("seconds", pa.float64()),
         ("report", pa.string())]
    )  # fmt: skip
    table = pa.Table.from_pylist([row], schema=schema)
    lake.append(NAME, table)


def reports(lake: Lake) -> list[RunReport]:
    """The records of all runs, oldest first."""
    return [REPORT.validate_json(text) for text in _texts(lake)]


def proven(lake: Lake) -> dict[str, int]:
    """Of each table the bronze commit that its last proofs found balanced; absent where they did not."""
    found: dict[str, int] = {}
    for report in reports(lake):
        for record in report.tables:
            if record.seq is not None and record.balanced:
                found[record.name] = record.seq
            elif record.seq is not None:
                found.pop(record.name, None)
    return found


def brought(lake: Lake, table: str) -> list[int]:
    """How many rows each run brought that found something new in the table, oldest first; loads left out."""
    records = [record for report in reports(lake) for record in report.tables if record.name == table]
    return [r.new + r.deleted for r in records if r.seq is not None and r.status != "load" and r.new + r.deleted]


def newest(lake: Lake, run_id: str | None = None) -> RunReport | None:
    """The record of a run, or of the last one; None where there is none."""
    texts = _texts(lake, None if run_id is None else pc.field("run_id") == run_id)
    return REPORT.validate_json(texts[-1]) if texts else None


def _texts(lake: Lake, where: pc.Expression | None = None) -> list[str]:
    table = lake.open("ledger", NAME)
    if table is None:
        return []
    rows = table.to_pyarrow_dataset().to_table(columns=["recorded_at", "report"], filter=where)
    found: list[str] = rows.sort_by("recorded_at").column("report").to_pylist()
    return found
