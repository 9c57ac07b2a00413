"""A lake whose gold a test writes itself, commit by commit, with checksums worked out in plain Python."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from lakehouse.checksum import Checksum
from lakehouse.contracts import Mart, MartColumn
from lakehouse.lake import Lake, State, to_json

FIRST = date(2024, 1, 1)
Row = tuple[date, int, str | None]
SCHEMA = pa.schema([("day", pa.date32()), ("order", pa.int64()), ("note", pa.string())])


def mart(name: str) -> Mart:
    """A mart by day; one of its columns is a reserved word."""
    columns = (
        MartColumn("day", "DATE", "A day"),
        MartColumn("order", "BIGINT", "A number", "pieces"),
        MartColumn("note", "STRING", "A text"),
    )
    return Mart(name, ("day", "order"), f"What {name} says", columns=columns, period="day")


def on(number: int) -> date:
    """The n-th day."""
    return FIRST + timedelta(days=number)


def checksum(rows: Sequence[Row]) -> Checksum:
    """Count, and the sum of 13 hex digits of md5 over each row's text."""
    return Checksum(len(rows), sum(int(hashlib.md5(_text(row).encode()).hexdigest()[:13], 16) for row in rows))


def _text(row: Row) -> str:
    day, order, note = row
    return f"{day}|{order}|" + ("~" if note is None else f"{len(note)}|{note}")


@dataclass
class GoldLake:
    """Gold tables in a folder."""

    lake: Lake

    @staticmethod
    def of(folder: Path) -> "GoldLake":
        return GoldLake(Lake(str(folder)))

    def write(self, name: str, rows: Sequence[Row], days: Sequence[date] | None = None, run: str = "run") -> State:
        """Makes these the rows of a mart, or of these days of it, as one commit of its own."""
        before = self.lake.state("gold", name)
        kept = [row for row in self.rows(name) if days is not None and row[0] not in days]
        state = State(
            f"gold/{name}", before.seq + 1 if before else 1, run, "build",
            checksum=checksum([*kept, *rows]),
            periods=None if days is None or before is None else tuple(str(day) for day in days),
        )  # fmt: skip
        path = self.lake.path("gold", name)
        told = CommitProperties(custom_metadata={"userMetadata": to_json(state)})
        table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in [*kept, *rows]], SCHEMA)
        write_deltalake(path, table, mode="overwrite", commit_properties=told)
        found = self.lake.state("gold", name)
        assert found is not None
        return replace(state, version=found.version)

    def rows(self, name: str) -> list[Row]:
        """The rows of a mart, in order."""
        table = self.lake.open("gold", name)
        found = [] if table is None else table.to_pyarrow_table().to_pylist()
        return sorted((row["day"], row["order"], row["note"]) for row in found)
