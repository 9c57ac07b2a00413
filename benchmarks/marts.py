"""`python -m benchmarks.marts [ROWS]`: all marts built from nothing, and again after one booking changed, as a ratio.

Each mart is built by itself, as a run does it, of so many bookings and of twice as many, in one process. What counts
is the share of a full build that one changed booking costs, and how that cost grows with twice the bookings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table

import transforms
from benchmarks.memory import watched
from benchmarks.world import AS_OF, World
from lakehouse import gold, presentation, session
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake
from lakehouse.pipeline import Run
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source.horizon import Horizon

ROWS, WARM_UP, DAYS, LISTINGS = 3_000_000, 20_000, 1096, 20_000
SHARE, GROWTH = 0.40, 1.3
SOURCE = SourceSettings(host="nowhere", user="none", password="none", database="none")


@dataclass
class Times:
    """Seconds per mart of the full build and of each rebuild, with rows and bytes."""

    rows: int
    full: dict[str, float] = field(default_factory=dict)
    again: list[dict[str, float]] = field(default_factory=list)
    size: dict[str, tuple[int, int]] = field(default_factory=dict)

    def change(self, name: str) -> float:
        """What a changed booking costs one mart."""
        return median(times[name] for times in self.again)

    @property
    def cost(self) -> float:
        """What a changed booking costs all marts."""
        return median(sum(times.values()) for times in self.again)

    @property
    def share(self) -> float:
        """The same as a share of the full build."""
        return self.cost / sum(self.full.values())


def main() -> None:
    """Measures, prints tables, and fails where a limit is not kept."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--changes", type=int, default=3, help="changed bookings, one build each; the median counts")
    asked.add_argument("--denser", action="store_true", help="double by twice the listings, not by twice the years")
    asked.add_argument("--once", action="store_true", help="do not measure twice the rows")
    given = asked.parse_args()
    small = WARM_UP, DAYS, LISTINGS // 10
    one = given.rows, DAYS, LISTINGS
    two = (given.rows * 2, DAYS, LISTINGS * 2) if given.denser else (given.rows * 2, DAYS * 2, LISTINGS)
    with watched() as peak:
        measured(*small, changes=1)
        found = [measured(*size, changes=given.changes) for size in ([one] if given.once else [one, two])]
    say = Console(width=120).print
    for times in found:
        say(_shown(times))
    say(f"peak memory of all processes: {peak.megabytes:,} MB")
    failed = [f"{t.rows:,} bookings: {t.share:.2f} of a full build, limit {SHARE}" for t in found if t.share > SHARE]
    if len(found) > 1:
        growth = found[1].cost / found[0].cost
        say(f"a change with twice the bookings: {growth:.2f} times as long")
        failed += [f"grows by {growth:.2f}, limit {GROWTH}"] if growth > GROWTH else []
    if failed:
        sys.exit("; ".join(failed))


def measured(rows: int, days: int, listings: int, *, changes: int) -> Times:
    """Builds all marts of a new world, and again after each of some changes."""
    catalog, times = transforms.catalog(), Times(rows)
    with tempfile.TemporaryDirectory() as folder:
        settings, lake = Settings(source=SOURCE, lake=folder, parallel_tables=1), Lake(folder)
        world = World(session.child(settings), lake, catalog, rows, days, listings)
        began = time.monotonic()
        world.write()
        _say(f"{rows:,} bookings written", time.monotonic() - began)
        times.full = _built(settings, catalog, "full")
        times.size = {name: _size(lake, catalog, name) for name in catalog.marts}
        for number in range(changes):
            world.move_a_stay(number)
            times.again.append(_built(settings, catalog, f"change{number}"))
    return times


def _built(settings: Settings, catalog: Catalog, run_id: str) -> dict[str, float]:
    """Seconds of each mart, in an order in which they can be built.

    Raises:
        RuntimeError: A mart was not built.
    """
    run, times = Run(run_id, settings, catalog, "incremental", Horizon(0, 0, ""), AS_OF), dict[str, float]()
    for name in catalog.marts:
        began = time.monotonic()
        records, states = presentation.build(run, frozenset({name}))
        times[name] = time.monotonic() - began
        if name not in states:
            raise RuntimeError(f"{name}: {records[0].error}")
        _say(f"  {run_id} {name} ({states[name].checksum.rows:,} rows)", times[name])
    _say(run_id, sum(times.values()))
    return times


def _size(lake: Lake, catalog: Catalog, name: str) -> tuple[int, int]:
    state = lake.state(gold.layer_of(catalog.marts[name]), name)
    table = lake.open(gold.layer_of(catalog.marts[name]), name)
    assert state is not None
    assert table is not None
    return state.checksum.rows, sum(table.get_add_actions(flatten=True).column("size_bytes").to_pylist())


def _shown(times: Times) -> Table:
    shown = Table("mart", *(f"{head}" for head in ("rows", "MB", "full, s", "one booking, s", "share")))
    for name, took in times.full.items():
        rows, size = times.size[name]
        again = times.change(name)
        shown.add_row(name, f"{rows:,}", f"{size / 1e6:.1f}", f"{took:.1f}", f"{again:.1f}", f"{again / took:.2f}")
    total = sum(times.full.values())
    shown.add_row("all", "", "", f"{total:.1f}", f"{times.cost:.1f}", f"{times.share:.2f}")
    shown.title = f"marts of {times.rows:,} bookings; median of {len(times.again)} changes"
    return shown


def _say(what: str, seconds: float) -> None:
    sys.stderr.write(f"{what}: {seconds:.1f} s\n")


if __name__ == "__main__":
    main()
