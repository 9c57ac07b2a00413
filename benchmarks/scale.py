"""`python -m benchmarks.scale BOOKINGS...`: a first run of a whole marketplace, stage by stage, and how it grows.

A marketplace of so many bookings, with the listings and viewings that belong to them, is made in an embedded MariaDB.
It is carried to silver and history, one table after the other, and all marts are built, one after the other. What the
source's own server costs is left out. Between the first and the last size a line and a power law are fitted for each
stage, and drawn on to sizes that nobody ran.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path

from rich.console import Console
from rich.table import Table

import transforms
from benchmarks.curating import parts_of_silver
from benchmarks.family import Took, cpu_seconds, watched
from demo.marketplace.__main__ import PASSWORD
from demo.marketplace.world import BOOKINGS
from demo.servers import mariadb
from lakehouse import pipeline, presentation, session
from lakehouse.settings import Settings, SourceSettings, SparkSettings

SIZES = [300_000, 3_000_000]
TABLES = (("apartments", "apartment_attributes", "exchange_rates"), ("bookings",), ("user_viewing",))
ALL = "all"
BEYOND = (30_000_000, 10_000_000_000)


@dataclass
class Stage:
    """What one stage took, of which table or mart, and how many rows it was given or made."""

    name: str
    of: str
    rows: int = 0
    seconds: float = 0
    cpu: float = 0
    peak: int = 0

    def per_vcpu_hour(self, vcpus: int) -> float:
        """Rows by the hour of one virtual processor that is paid for, busy or not."""
        return self.rows * 3600 / (self.seconds * vcpus) if self.seconds else 0


@dataclass
class Measured:
    """All stages of a first run of so many bookings; bytes in the lake by layer, and at the source."""

    bookings: int
    stages: list[Stage] = field(default_factory=list)
    layers: dict[str, int] = field(default_factory=dict)
    source: int = 0

    @contextmanager
    def stage(self, name: str, of: str, but: Container[int]) -> Iterator[Stage]:
        """Measures a block; tells it at once, for a long run may not come to its end."""
        stage, began, worked = Stage(name, of), time.monotonic(), cpu_seconds(but)
        with watched(but) as peak:
            yield stage
        stage.seconds, stage.cpu = time.monotonic() - began, cpu_seconds(but) - worked
        stage.peak = peak.megabytes
        self.stages.append(stage)
        _say(f"  {name} {of}: {stage.rows:,} rows, {stage.seconds:.1f} s, {stage.cpu:.1f} CPU s, {stage.peak:,} MB")

    def sums(self) -> dict[str, Stage]:
        """The stages of all tables, or marts, as one; and everything."""
        found: dict[str, Stage] = {}
        for stage in self.stages:
            for name in (stage.name, ALL) if stage.name in STAGES else (stage.name,):
                whole = found.setdefault(name, Stage(name, ALL))
                whole.rows += stage.rows if name != ALL or stage.name == "extract, bronze" else 0
                whole.seconds += stage.seconds
                whole.cpu += stage.cpu
                whole.peak = max(whole.peak, stage.peak)
        return found


STAGES = ("start of Spark", "extract, bronze", "silver", "proof of keys", "marts")


def main() -> None:
    """Measures each size, and prints tables."""
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("bookings", nargs="*", type=int, default=SIZES)
    asked.add_argument("--driver-memory", default="4g", help="heap of Spark's driver, such as 4g")
    asked.add_argument("--chunk-rows", type=int, default=1_000_000, help="rows of one commit of a first load")
    asked.add_argument("--folder", type=Path, help="where database and lake stand; a temporary one by default")
    given = asked.parse_args()
    console, found = Console(width=120), list[Measured]()
    for bookings in sorted(given.bookings):
        with (
            tempfile.TemporaryDirectory(dir=given.folder, prefix="lakehouse-scale-") as folder,
            ProcessPoolExecutor(1, get_context("spawn")) as alone,  # a Spark that has run before is warm
        ):
            work = alone.submit(measured, bookings, Path(folder), given.driver_memory, given.chunk_rows)
            found.append(work.result())
        console.print(_stages(found[-1]), _bytes(found[-1]))
    if len(found) > 1:
        console.print(_fitted(found[0], found[-1]), _drawn_on(found[0], found[-1]))


def measured(bookings: int, folder: Path, driver_memory: str, chunk_rows: int) -> Measured:
    """Makes a marketplace and takes it through a first run."""
    server = mariadb.start(folder, "--innodb-buffer-pool-size=1G")
    try:
        source = SourceSettings(
            host=server.host, port=server.port, user=server.user, password=server.password, tls="off", grace_seconds=0
        )
        settings = Settings(
            source=source, lake=str(folder / "lake"), parallel_tables=1, chunk_rows=chunk_rows,
            spark=SparkSettings(driver_memory=driver_memory),
        )  # fmt: skip
        _generate(server, bookings)
        found = Measured(bookings, source=_size(folder / "mariadb" / server.database))
        _first_run(found, settings, frozenset({server.process.pid}))
        found.layers = _layers(Path(settings.lake_root))
        return found
    finally:
        server.stop()


def _generate(server: mariadb.MariaDb, bookings: int) -> None:
    """Makes the rows in processes of their own, whose memory is given back."""
    for tables in TABLES:
        began = time.monotonic()
        command = [sys.executable, "-m", "demo.marketplace", "--host", server.host, "--port", str(server.port)]
        command += ["--scale", str(bookings / BOOKINGS), "--tables", *tables]
        secret = {**os.environ, PASSWORD: server.admin_password}
        subprocess.run(command, check=True, env=secret, stdout=subprocess.DEVNULL)
        _say(f"{bookings:,} bookings, {', '.join(tables)} made: {time.monotonic() - began:.1f} s")


def _first_run(found: Measured, settings: Settings, but: Container[int]) -> None:
    catalog = transforms.catalog()
    run = pipeline.start(settings, catalog)
    with found.stage("start of Spark", "", but):
        session.spark(settings).range(1).count()
    for table in catalog.tables:
        with found.stage("extract, bronze", table, but) as stage:
            stage.rows = pipeline._extract(run, table).read
        rows = stage.rows
        with found.stage("silver", table, but) as stage, parts_of_silver() as parts:
            stage.rows = rows
            pipeline._judged(run, table)
        found.stages += [Stage(f"  of it {name}", table, rows, *took) for name, took in _commits(parts)]
        with found.stage("proof of keys", table, but) as stage:
            stage.rows = rows
            pipeline._keys(run, table)
    for mart in catalog.marts:
        with found.stage("marts", mart, but) as stage:
            records, states = presentation.build(run, frozenset({mart}))
            if mart not in states:
                raise RuntimeError(f"{mart}: {records[0].error}")
            stage.rows = states[mart].checksum.rows


def _commits(parts: Mapping[str, Took]) -> Iterator[tuple[str, Took]]:
    return ((name.removeprefix("commit "), took) for name, took in parts.items())


def _layers(lake: Path) -> dict[str, int]:
    """Bytes by folder of the lake; histories stand beside silver and are counted by themselves."""
    found: dict[str, int] = {}
    for table in lake.glob("*/*"):
        name = f"{table.parent.name}{', history' if table.name.endswith('_history') else ''}"
        found[name] = found.get(name, 0) + _size(table)
    return found


def _size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _stages(found: Measured) -> Table:
    heads = ("stage", "of", "rows", "s", "CPU s", "peak MB", "rows per vCPU-hour")
    vcpus = len(os.sched_getaffinity(0))
    shown = Table(*heads, title=f"{found.bookings:,} bookings, {vcpus} vCPUs")
    for stage in [*found.stages, *found.sums().values()]:
        speed = f"{stage.per_vcpu_hour(vcpus):,.0f}"
        figures = f"{stage.rows:,}", f"{stage.seconds:.1f}", f"{stage.cpu:.1f}", f"{stage.peak:,}", speed
        shown.add_row(stage.name, stage.of, *figures, style="bold" if stage.of == ALL else None)
    return shown


def _bytes(found: Measured) -> Table:
    shown = Table("where", "MB", "bytes per booking", title=f"{found.bookings:,} bookings, bytes")
    for name, size in {"source": found.source, **found.layers, "lake": sum(found.layers.values())}.items():
        shown.add_row(name, f"{size / 1e6:,.1f}", f"{size / found.bookings:,.1f}")
    hours = found.sums()[ALL].seconds * len(os.sched_getaffinity(0)) / 3600
    shown.caption = f"{found.source / 1e9 / hours:,.2f} GB of the source per vCPU-hour, all stages"
    return shown


def _fitted(one: Measured, two: Measured) -> Table:
    """The line through two sizes; an exponent of 1 is a straight line through nothing, more is worse than linear."""
    heads = ("stage", "s fixed", "s per million", "CPU s fixed", "CPU s per million", "exponent of CPU")
    shown = Table(*heads, title=f"{one.bookings:,} to {two.bookings:,} bookings")
    small, large = one.sums(), two.sums()
    clock, cpu = attrgetter("seconds"), attrgetter("cpu")
    for name in (name for name in small if name in large):
        (at, slope), (cpu_at, cpu_slope) = (
            _line(one.bookings, of(small[name]), two.bookings, of(large[name])) for of in (clock, cpu)
        )
        exponent = _exponent(one.bookings, small[name].cpu, two.bookings, large[name].cpu)
        figures = f"{at:.1f}", f"{slope:.2f}", f"{cpu_at:.1f}", f"{cpu_slope:.2f}", f"{exponent:.2f}"
        shown.add_row(name, *figures, style="bold" if name == ALL else None)
    return shown


def _drawn_on(one: Measured, two: Measured) -> Table:
    heads = ("CPU-hours of", *(f"{bookings:,} bookings" for bookings in BEYOND))
    shown = Table(*heads, title="projected, by the line and by the power law; nothing of it was run")
    small, large = one.sums(), two.sums()
    for name in (name for name in small if name in large):
        given = one.bookings, small[name].cpu / 3600, two.bookings, large[name].cpu / 3600
        figures = ("{:,.1f} to {:,.1f}".format(*sorted(projected(*given, bookings))) for bookings in BEYOND)
        shown.add_row(name, *figures, style="bold" if name == ALL else None)
    return shown


def projected(x1: int, y1: float, x2: int, y2: float, x: int) -> tuple[float, float]:
    """What a line, and a power law, through two measured points say of a third; what took no time takes none."""
    at, slope = _line(x1, y1, x2, y2)
    return at + slope * x / 1e6, y2 * (x / x2) ** _exponent(x1, y1, x2, y2)


def _exponent(x1: int, y1: float, x2: int, y2: float) -> float:
    """Of the power law through two points; 0 where one of them is nothing."""
    return math.log(y2 / y1) / math.log(x2 / x1) if y1 > 0 and y2 > 0 else 0


def _line(x1: int, y1: float, x2: int, y2: float) -> tuple[float, float]:
    """Where the line starts, and how it rises by the million."""
    slope = (y2 - y1) / (x2 - x1)
    return y1 - slope * x1, slope * 1e6


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    main()
