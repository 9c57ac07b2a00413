"""Who was erased when, and how many rows it changed: a line per erasure in the ledger, without a personal value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from lakehouse.lake import Lake

NAME = "erasures"
SCHEMA = pa.schema(
    [("run_id", pa.string()), ("ended_at", pa.timestamp("us", tz="UTC")), ("person", pa.string()),
     ("rows", pa.map_(pa.string(), pa.int64())), ("release", pa.int64()), ("unclaimed", pa.int64())]
)  # fmt: skip


@dataclass(frozen=True)
class ErasureRecord:
    """One erasure.

    Attributes:
        run_id: The run that did it.
        ended_at: When the warehouse served its release and old files were gone.
        person: The beginning of the keyed hash by which the list of the erased knows the person.
        rows: Rows that the person had, by layer.
        release: The release of the warehouse that has it.
        unclaimed: Files that belong to no commit and may hold the person still.
    """

    run_id: str
    ended_at: datetime
    person: str
    rows: dict[str, int]
    release: int
    unclaimed: int


def append(lake: Lake, record: ErasureRecord) -> None:
    """Writes the line of an erasure behind the others."""
    row = pa.Table.from_pylist([asdict(record)], schema=SCHEMA)
    lake.append(NAME, row)


def records(lake: Lake) -> list[ErasureRecord]:
    """All erasures, oldest first."""
    table = lake.open("ledger", NAME)
    if table is None:
        return []
    rows = table.to_pyarrow_dataset().to_table().sort_by("ended_at").to_pylist()
    return [ErasureRecord(**{**row, "rows": dict(row["rows"])}) for row in rows]
