"""A lake whose gold a test writes itself: marts by day, of which a commit replaces all or some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from lakehouse.contracts import Mart, MartColumn
from lakehouse.lake import Lake, State
from tests.support import gold

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


@dataclass
class GoldLake:
    """Gold tables in a folder."""

    lake: Lake

    @staticmethod
    def of(folder: Path) -> "GoldLake":
        return GoldLake(Lake(str(folder)))

    def write(self, name: str, rows: Sequence[Row], days: Sequence[date] | None = None, run: str = "run") -> State:
        """Makes these the rows of a mart, or of these days of it, as one commit of its own."""
        kept = [row for row in self.rows(name) if days is not None and row[0] not in days]
        table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in [*kept, *rows]], SCHEMA)
        is_part = days is not None and self.lake.state("gold", name) is not None
        return gold.write(self.lake, name, table, tuple(map(str, days or ())) if is_part else None, run)

    def rows(self, name: str) -> list[Row]:
        """The rows of a mart, in order."""
        table = self.lake.open("gold", name)
        found = [] if table is None else table.to_pyarrow_table().to_pylist()
        return sorted((row["day"], row["order"], row["note"]) for row in found)
