"""`python -m benchmarks.text [ROWS]`: what tidying text (Unicode's composed form, no blanks around) costs, as a ratio.

The same listings are taken to silver with it and without, in one process, in turns: once all in ASCII, and once with
an accent in one text of ten.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

import transforms
from benchmarks.curating import NOWHERE, Bronze, identity
from benchmarks.family import Took
from lakehouse import curation, session
from lakehouse.contracts import Curation
from lakehouse.lake import Lake
from lakehouse.settings import Settings

ROWS, WARM_UP, ROUNDS = 300_000, 20_000, 3
ACCENTED = "IF(id % 10 = 0, 'Cafe\\u0301 ', '')"
TEXTS = {
    "body": "repeat(concat('Bright rooms near the park, number ', id, '. '), 8)",
    "address": "concat(id, ' Main Street')",
    "cityname": "concat('City ', id % 300)",
    "state": "concat('S', id % 50)",
}
PLAIN = {"id": "id", "category": "'Studio'", "price_type": "'Monthly'", "price_display": "'$1,379.00'", **TEXTS}
KINDS = {
    "all ASCII": PLAIN,
    "one in ten with an accent": PLAIN | {name: f"concat({ACCENTED}, {sql})" for name, sql in TEXTS.items()},
}
Times = dict[tuple[str, bool], list[Took]]  # by kind of text, and whether it was tidied


def main() -> None:
    """Measures and prints a table."""
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--rounds", type=int, default=ROUNDS, help="pairs to measure; the median counts")
    given = asked.parse_args()
    measured(min(given.rows, WARM_UP), 1)
    times = measured(given.rows, given.rounds)
    heads = ("text", "as it is, s", "CPU, s", "tidied, s", "CPU, s", "ratio", "ratio of CPU")
    shown = Table(*heads, title=f"{given.rows:,} listings to silver, median of {given.rounds}")
    for kind in KINDS:
        plain, tidied = _of(times[kind, False]), _of(times[kind, True])
        each = (plain.seconds, plain.cpu, tidied.seconds, tidied.cpu)
        ratios = (f"{tidied.seconds / plain.seconds:.2f}", f"{tidied.cpu / plain.cpu:.2f}")
        shown.add_row(kind, *(f"{value:.1f}" for value in each), *ratios)
    Console(width=110).print(shown)


def measured(rows: int, rounds: int) -> Times:
    """What a first build took of each kind of text, tidied or not, in turns."""
    table, times = transforms.catalog().tables["apartment_attributes"].table, Times()
    for kind, values in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            source = Bronze(session.child(Settings(source=NOWHERE, lake=folder)), Lake(folder), table)
            state = source.add(values, rows, None)
            for number in range(rounds):
                for tidied in (True, False) if number % 2 == 0 else (False, True):
                    tidy = curation.tidy if tidied else lambda text: text
                    with tempfile.TemporaryDirectory() as lake, patch.object(curation, "tidy", tidy):
                        spec = Curation(table, identity, "1")
                        found = source.advance(Path(lake), spec, [state])[0]["all"]
                    sys.stderr.write(f"{kind}, {'tidied' if tidied else 'as it is'}: {found.seconds:.1f} s\n")
                    times.setdefault((kind, tidied), []).append(found)
    return times


def _of(found: list[Took]) -> Took:
    return Took(median(t.seconds for t in found), median(t.cpu for t in found))


if __name__ == "__main__":
    main()
