"""`python -m benchmarks.checks [ROWS]`: what the rules cost on top of the commit of their rows, as a ratio.

The same bronze of three million bookings is taken to silver with all rules of the table and with none, in one
process, in turns: once as a first build, once as a merge of as many changed rows. `--history` keeps every version too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from unittest.mock import patch

from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

import transforms
from benchmarks.curating import NOWHERE, Bronze, identity
from benchmarks.family import Took, watched
from lakehouse import curation, session
from lakehouse.contracts import Curation
from lakehouse.lake import Lake, State
from lakehouse.settings import Settings

ROWS, WARM_UP, ROUNDS, LIMIT = 3_000_000, 100_000, 2, 1.25
STEPS = ("first build", "merge of all rows, changed")
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
Times = dict[tuple[str, str, bool], list[Took]]  # by step, part, and whether rules looked


@contextmanager
def without_rules() -> Iterator[None]:
    """Rows are typed and committed as ever, and no rule looks at them."""

    def nothing(*_: object) -> list[object]:
        return [F.lit(None).cast("string")]

    with patch.object(curation, "_breaches", nothing):
        yield


def main() -> None:
    """Measures, prints a table, and fails where the limit is not kept."""
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--rounds", type=int, default=ROUNDS, help="pairs to measure; the median counts")
    asked.add_argument("--history", action="store_true", help="keep every version too, as bookings do")
    given = asked.parse_args()
    with watched() as peak:
        measured(min(given.rows, WARM_UP), 1, history=given.history)
        times = measured(given.rows, given.rounds, history=given.history)
    say = Console(width=110).print
    say(_shown(times, f"{given.rows:,} bookings, median of {given.rounds}"))
    say(f"peak memory of all processes: {peak.megabytes:,} MB")
    ratios = {step: _of(times, step, "all", True).seconds / _of(times, step, "all", False).seconds for step in STEPS}
    beyond = [f"{step} {ratio:.2f}" for step, ratio in ratios.items() if ratio > LIMIT]
    if beyond:
        sys.exit(f"{', '.join(beyond)}: beyond the limit of {LIMIT}")


def measured(rows: int, rounds: int, *, history: bool) -> Times:
    """What each part of both steps took, with rules and without, in turns."""
    table, times = replace(transforms.catalog().tables["bookings"].table, history=history), Times()
    with tempfile.TemporaryDirectory() as folder:
        source = Bronze(session.child(Settings(source=NOWHERE, lake=folder)), Lake(folder), table)
        first = source.add(VALUES, rows, None)
        states = [first, source.add(VALUES, rows, first)]
        for number in range(rounds):
            for ruled in (True, False) if number % 2 == 0 else (False, True):
                checks = table.checks if ruled else ()
                _round(source, Curation(replace(table, checks=checks), identity, "1"), states, times, ruled=ruled)
    return times


def _round(source: Bronze, spec: Curation, states: list[State], times: Times, *, ruled: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if ruled:
            found = source.advance(Path(folder), spec, states)
        else:
            with without_rules():
                found = source.advance(Path(folder), spec, states)
    for step, parts in zip(STEPS, found, strict=True):
        sys.stderr.write(f"{step}, {'with' if ruled else 'without'} rules: {_told(parts)}\n")
        for part, took in parts.items():
            times.setdefault((step, part, ruled), []).append(took)


def _of(times: Times, step: str, part: str, ruled: bool) -> Took:
    found = times[step, part, ruled]
    return Took(median(t.seconds for t in found), median(t.cpu for t in found))


def _shown(times: Times, title: str) -> Table:
    heads = ("step", "part", "without rules, s", "CPU, s", "with rules, s", "CPU, s", "ratio", "ratio of CPU")
    shown = Table(*heads, title=title)
    for step, part in dict.fromkeys((step, part) for step, part, _ in times):
        plain, ruled = _of(times, step, part, False), _of(times, step, part, True)
        each = (plain.seconds, plain.cpu, ruled.seconds, ruled.cpu)
        ratios = (f"{ruled.seconds / plain.seconds:.2f}", f"{ruled.cpu / plain.cpu:.2f}")
        shown.add_row(step, part, *(f"{value:.1f}" for value in each), *ratios)
    return shown


def _told(parts: dict[str, Took]) -> str:
    return ", ".join(f"{part} {took.seconds:.1f} s ({took.cpu:.1f} of CPU)" for part, took in parts.items())


if __name__ == "__main__":
    main()
