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
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import transforms
from benchmarks.family import cpu_seconds, watched
from benchmarks.world import AS_OF, World
from lakehouse import presentation, session
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake
from lakehouse.pins import layer_of
from lakehouse.pipeline import Run
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source.horizon import Horizon

ROWS, WARM_UP, DAYS, LISTINGS = 3_000_000, 20_000, 1096, 20_000
SHARE, GROWTH = 0.40, 1.3
SOURCE = SourceSettings(host="nowhere", user="none", password="none", database="none")


class Took(NamedTuple):
    """What one build of a mart took: by the clock and of processors, in seconds, and how many periods it made."""

    seconds: float
    cpu: float
    periods: int | None


@dataclass
class Measured:
    """What the full build of each mart took, and each rebuild; rows and bytes of the marts."""

    rows: int
    full: dict[str, Took] = field(default_factory=dict)
    again: list[dict[str, Took]] = field(default_factory=list)
    size: dict[str, tuple[int, int]] = field(default_factory=dict)

    def change(self, name: str) -> float:
        """Seconds that a changed booking costs one mart."""
        return median(took[name].seconds for took in self.again)

    @property
    def cost(self) -> float:
        """Seconds that a changed booking costs all marts."""
        return median(sum(t.seconds for t in took.values()) for took in self.again)

    @property
    def cpu(self) -> float:
        """The same in processor time."""
        return median(sum(t.cpu for t in took.values()) for took in self.again)

    @property
    def share(self) -> float:
        """Its cost as a share of the full build."""
        return self.cost / sum(took.seconds for took in self.full.values())


def main() -> None:
    """Measures, prints tables, and fails where a limit is not kept."""
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--changes", type=int, default=3, help="changed bookings, one build each; the median counts")
    asked.add_argument("--denser", action="store_true", help="double by twice the listings, not by twice the years")
    asked.add_argument("--once", action="store_true", help="do not measure twice the rows")
    given = asked.parse_args()
    one = given.rows, DAYS, LISTINGS
    two = (given.rows * 2, DAYS, LISTINGS * 2) if given.denser else (given.rows * 2, DAYS * 2, LISTINGS)
    say, found = Console(width=120).print, list[Measured]()
    with watched() as peak:
        measured(WARM_UP, DAYS, LISTINGS // 10, changes=1)
        for size in [one] if given.once else [one, two]:
            found.append(measured(*size, changes=given.changes))
            say(_shown(found[-1]))
    say(f"peak memory of all processes: {peak.megabytes:,} MB")
    failed = [f"{m.rows:,} bookings: {m.share:.2f} of a full build, limit {SHARE}" for m in found if m.share > SHARE]
    if len(found) > 1:
        growth = found[1].cost / found[0].cost
        by_cpu = found[1].cpu / found[0].cpu
        say(f"a change with twice the bookings takes {growth:.2f} times as long, {by_cpu:.2f} times the CPU")
        failed += [f"grows by {growth:.2f}, limit {GROWTH}"] if growth > GROWTH else []
    if failed:
        sys.exit("; ".join(failed))


def measured(rows: int, days: int, listings: int, *, changes: int) -> Measured:
    """Builds all marts of a new world, and again after each of some changes."""
    catalog, found = transforms.catalog(), Measured(rows)
    with tempfile.TemporaryDirectory() as folder:
        settings, lake = Settings(source=SOURCE, lake=folder, parallel_tables=1), Lake(folder)
        world = World(session.child(settings), lake, catalog, rows, days, listings)
        began = time.monotonic()
        world.write()
        _say(f"{rows:,} bookings written: {time.monotonic() - began:.1f} s")
        found.full = _built(settings, catalog, "full")
        found.size = {name: _size(lake, catalog, name) for name in catalog.marts}
        for number in range(changes):
            world.move_a_stay(number)
            found.again.append(_built(settings, catalog, f"change {number}"))
    return found


def _built(settings: Settings, catalog: Catalog, run_id: str) -> dict[str, Took]:
    """What each mart took, in an order in which they can be built.

    Raises:
        RuntimeError: A mart was not built.
    """
    run, found = Run(run_id, settings, catalog, "incremental", Horizon(0, 0, ""), AS_OF), dict[str, Took]()
    for name in catalog.marts:
        began, cpu = time.monotonic(), cpu_seconds()
        records, states = presentation.build(run, frozenset({name}))
        if name not in states:
            raise RuntimeError(f"{name}: {records[0].error}")
        periods = states[name].periods if states[name].run_id == run_id else ()
        took = Took(time.monotonic() - began, cpu_seconds() - cpu, None if periods is None else len(periods))
        _say(f"  {run_id} {name}: {took.seconds:.1f} s, {took.cpu:.1f} of CPU, {_told(took.periods)} periods")
        found[name] = took
    return found


def _size(lake: Lake, catalog: Catalog, name: str) -> tuple[int, int]:
    layer = layer_of(catalog.marts[name])
    state, table = lake.state(layer, name), lake.open(layer, name)
    assert state is not None
    assert table is not None
    return state.checksum.rows, sum(table.get_add_actions(flatten=True).column("size_bytes").to_pylist())


def _shown(found: Measured) -> Table:
    heads = ("mart", "rows", "MB", "full, s", "CPU, s", "one booking, s", "periods", "share")
    shown = Table(*heads, title=f"{found.rows:,} bookings; median of {len(found.again)} changes")
    for name, took in found.full.items():
        rows, size = found.size[name]
        again, periods = found.change(name), _told(found.again[-1][name].periods)
        sizes = f"{rows:,}", f"{size / 1e6:.1f}", f"{took.seconds:.1f}", f"{took.cpu:.1f}"
        shown.add_row(name, *sizes, f"{again:.1f}", periods, f"{again / took.seconds:.2f}")
    seconds, cpu = (sum(getattr(took, of) for took in found.full.values()) for of in ("seconds", "cpu"))
    shown.add_row("all", "", "", f"{seconds:.1f}", f"{cpu:.1f}", f"{found.cost:.1f}", "", f"{found.share:.2f}")
    shown.add_row("all, by CPU", "", "", "", f"{cpu:.1f}", f"{found.cpu:.1f}", "", f"{found.cpu / cpu:.2f}")
    return shown


def _told(periods: int | None) -> str:
    return "all" if periods is None else str(periods)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    main()
