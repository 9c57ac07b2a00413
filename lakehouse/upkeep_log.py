"""What upkeep did with each table of the lake: a line per table and upkeep in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from lakehouse.lake import Lake, Layer

NAME = "upkeep"
SCHEMA = pa.schema(
    [("run_id", pa.string()), ("ended_at", pa.timestamp("us", tz="UTC")), ("layer", pa.string()),
     ("table", pa.string()), ("files_before", pa.int64()), ("files_after", pa.int64()), ("removed", pa.int64()),
     ("freed", pa.int64()), ("kept_since", pa.timestamp("us", tz="UTC")), ("why", pa.string()),
     ("note", pa.string()), ("error", pa.string())]
)  # fmt: skip
SUMMED = ("files_before", "files_after", "removed", "freed")


@dataclass(frozen=True)
class UpkeepRecord:
    """One table in one upkeep.

    Attributes:
        run_id: The upkeep.
        ended_at: When the table was done.
        layer: Layer of the table.
        table: The table.
        files_before: Files that its rows were in.
        files_after: Files that its rows are in.
        removed: Files of old versions, and of writes that broke off, that are gone.
        freed: Their bytes.
        kept_since: Versions from this moment on can still be read.
        why: Who needs versions that are older than asked for; empty where nobody does.
        note: What was left for the next upkeep, and why.
        error: Why the table could not be tended.
    """

    run_id: str
    ended_at: datetime
    layer: Layer
    table: str
    files_before: int = 0
    files_after: int = 0
    removed: int = 0
    freed: int = 0
    kept_since: datetime | None = None
    why: str = ""
    note: str = ""
    error: str = ""


def append(lake: Lake, found: Iterable[UpkeepRecord]) -> None:
    """Writes lines behind the others."""
    rows = pa.Table.from_pylist([asdict(record) for record in found], schema=SCHEMA)
    lake.append(NAME, rows)


def records(lake: Lake) -> list[UpkeepRecord]:
    """All lines, oldest first."""
    table = lake.open("ledger", NAME)
    if table is None:
        return []
    rows = table.to_pyarrow_dataset().to_table().sort_by("ended_at").to_pylist()
    return [UpkeepRecord(**row) for row in rows]


def told(record: UpkeepRecord) -> str:
    """A table in one line."""
    done = f"{record.files_before} files to {record.files_after}, {record.removed} old ones gone"
    said = [record.error or done, record.why, record.note]
    return f"{record.layer} {record.table}: {'; '.join(part for part in said if part)}"


def summary(found: Iterable[UpkeepRecord]) -> str:
    """An upkeep in one line."""
    records = list(found)
    before, after, removed, freed = (sum(getattr(r, name) for r in records) for name in SUMMED)
    return f"{len(records)} tables: {before} files to {after}, {removed} old ones gone, {freed / 1e6:.1f} MB freed"
