"""`python -m benchmarks.checks [ROWS]`: what the rules cost on top of the commit of their rows, as a ratio.

The same bronze of three million bookings is taken to silver with all rules of the table and with none, in one
process, in turns: once as a first build, once as a merge of as many changed rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from unittest.mock import patch

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

import transforms
from lakehouse import bronze, curation, delta, session, silver
from lakehouse.contracts import Curation
from lakehouse.lake import Lake, State
from lakehouse.settings import Settings, SourceSettings

ROWS, ROUNDS, LIMIT = 3_000_000, 3, 1.25
AT = 1_704_067_200_000_000
VALUES = {
    "booking_id": "id",
    "user_id": "id % 90000",
    "apartment_id": "id % 20000",
    "booking_date": "timestamp_seconds(1700000000 + id)",
    "checkin_date": "date_add(DATE'2024-01-01', CAST(id % 400 AS INT))",
    "checkout_date": "date_add(DATE'2024-01-01', CAST(id % 400 + IF(id % 170 = 0, 0, 3) AS INT))",
    "total_price": "CAST(id % 900 + 20.5 AS DECIMAL(12,2))",
    "currency": "element_at(array('USD', 'EUR', 'GBP'), CAST(id % 3 + 1 AS INT))",
    "booking_status": "element_at(array('confirmed', 'Cancelled', 'pending', 'completed'), CAST(id % 4 + 1 AS INT))",
    "payment_status": "element_at(array('paid', 'pending'), CAST(id % 2 + 1 AS INT))",
    "num_guests": "CAST(id % 2000 AS INT)",
    "updated_at": "timestamp_seconds(1700000000 + id)",
}


@dataclass(frozen=True)
class Bench:
    """Bronze in a lake, and how silver is made of it."""

    spark: SparkSession
    lake: Lake
    spec: Curation

    def extract(self, rows: int, before: State | None) -> State:
        """Commits so many bookings to bronze, all of them new versions."""
        made = self.spark.range(1, rows + 1).select(*[F.expr(sql).alias(name) for name, sql in VALUES.items()])
        state = replace(delta.next_state("bronze/bookings", before, "bench", "load"), single=before is None)
        record = {"_hash": "", "_op": bronze.UPSERT, "_run_id": "bench", "_seq": state.seq, "_window_low": None,
                  "_window_high": None, "_read_at": None}  # fmt: skip
        whole = made.withColumns({name: F.lit(value) for name, value in record.items()})
        shaped = whole.select(*[F.col(f.name).cast(f.dataType) for f in bronze.schema(self.spec.table)])
        return delta.commit(self.lake, "bronze", "bookings", state, self.spark, delta.append(shaped))

    def advance(self, bronze_state: State) -> float:
        """Seconds to take silver there."""
        began = time.monotonic()
        silver.advance(self.spark, self.lake, self.spec, bronze_state, "bench", AT)
        return time.monotonic() - began


@contextmanager
def without_rules() -> Iterator[None]:
    """Rows are typed and committed as ever, and no rule looks at them."""

    def nothing(*_: object) -> list[object]:
        return [F.lit(None).cast("string")]

    with patch.object(curation, "_breaches", nothing):
        yield


def identity(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows


def main() -> None:
    """Measures, prints a table, and fails where the limit is not kept."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    table = transforms.catalog().tables["bookings"].table
    times: dict[tuple[str, bool], list[float]] = {}
    for number in range(ROUNDS + 1):  # the first warms up
        for ruled in (True, False):
            size = rows if number else min(rows, 100_000)
            checks = table.checks if ruled else ()
            for step, took in _one(Curation(replace(table, checks=checks), identity, "1"), size, ruled=ruled).items():
                if number:
                    times.setdefault((step, ruled), []).append(took)
    shown = Table("step", "without rules, s", "with rules, s", "ratio", title=f"{rows:,} bookings, median of {ROUNDS}")
    ratios = {}
    for step in dict.fromkeys(step for step, _ in times):
        plain, ruled_time = median(times[step, False]), median(times[step, True])
        ratios[step] = ruled_time / plain
        shown.add_row(step, f"{plain:.1f}", f"{ruled_time:.1f}", f"{ratios[step]:.2f}")
    Console(width=100).print(shown)
    if any(ratio > LIMIT for ratio in ratios.values()):
        sys.exit(f"beyond the limit of {LIMIT}")


def _one(spec: Curation, rows: int, *, ruled: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        source = SourceSettings(host="nowhere", user="none", password="none", database="none")
        bench = Bench(session.child(Settings(source=source, lake=folder)), Lake(folder), spec)
        first = bench.extract(rows, None)
        if ruled:
            return _timed(bench, first, rows)
        with without_rules():
            return _timed(bench, first, rows)


def _timed(bench: Bench, first: State, rows: int) -> dict[str, float]:
    built = bench.advance(first)
    second = bench.extract(rows, first)
    return {"first build": built, "merge of all rows, changed": bench.advance(second)}


if __name__ == "__main__":
    main()
