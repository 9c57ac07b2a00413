"""`python -m benchmarks.extract`: the reader, its proofs and the probe on three million bookings, as ratios."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

import transforms
from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers import mariadb
from lakehouse.contracts import Table as Declaration
from lakehouse.extract import Extractor
from lakehouse.lake import Lake, State
from lakehouse.quoting import mysql
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import ranges, reader, select
from lakehouse.source.connection import connect, rows, url
from lakehouse.source.horizon import safe_horizon
from lakehouse.window import bound, tail

SCALE = 50
ROUNDS = 3
RATIO, CHECKSUM_RATIO, MEMORY = 0.85, 3.0, 400 << 20


@dataclass
class Peak:
    """The highest resident memory of any child of this process."""

    bytes: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Samples until told to stop."""
        while not self.done.wait(0.05):
            for child in psutil.Process().children():
                try:
                    if reader.CHILD in child.cmdline():
                        self.bytes = max(self.bytes, child.memory_info().rss)
                except psutil.Error:
                    continue


@contextmanager
def watching() -> Iterator[Peak]:
    """Watches the reader's child for as long as a block lasts."""
    peak = Peak()
    thread = threading.Thread(target=peak.look)
    thread.start()
    yield peak
    peak.done.set()
    thread.join()


def seconds(work: Callable[[], object]) -> float:
    """How long the work took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


class Bench:
    """The source with its three million rows, and a folder for what is read."""

    def __init__(self, source: SourceSettings, folder: Path) -> None:
        self.source, self.folder = source, folder
        self.table: Declaration = transforms.catalog().tables["bookings"].table

    def bare(self, file: str | None = None) -> None:
        """The stream of connectorx alone, all columns as they are."""
        names = ", ".join(mysql(c.source_name) for c in self.table.columns)
        command = [sys.executable, "-m", "benchmarks.bare", url(self.source), f"SELECT {names} FROM bookings"]
        subprocess.run([*command, *([str(self.folder / file)] if file else [])], check=True, capture_output=True)

    def ours(self, where: str = "TRUE", tail_condition: str | None = None) -> None:
        """The same rows by the reader, in the forms of the contract, typed and staged."""
        reader.stage(self.source, self.table, where, str(self.folder / "ours"), tail_condition)

    def crc(self) -> None:
        """A full scan with a weak checksum."""
        text = ", ".join(mysql(c.source_name) for c in self.table.columns)
        with connect(self.source) as connection:
            rows(connection, f"SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|', {text}))) FROM bookings")

    def range_sums(self) -> None:
        """Count and checksum of every key range."""
        with connect(self.source) as connection:
            cuts = ranges.bounds(connection, self.table, 20_000)
            connection.begin()
            ranges.sums(connection, self.table, cuts, None)

    def probe(self) -> tuple[float, int]:
        """Seconds and rows that the source touched to find that nothing has changed."""
        with connect(self.source) as connection:
            horizon = safe_horizon(connection, self.source)
            mark = bound(horizon.at, 6)
            assert self.table.cursor is not None
            kept = select.between(self.table, tail(mark, self.table.cursor.overlap))
            state = State("bronze/bookings", 1, "bench", "load", watermark=mark - 1)
            state = replace(state, tail=ranges.where_sum(connection, self.table, kept))
        extractor = Extractor(Settings(source=self.source), Lake("unused"), self.table, "bench", horizon)
        before = self._touched()
        took = seconds(lambda: extractor.changed(state))
        return took, self._touched() - before

    def _touched(self) -> int:
        with connect(self.source) as connection:
            sql = "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME LIKE %s"
            return int(rows(connection, sql, ("Handler_read_%",))[0][0])


def main() -> None:
    """Measures, prints a table, and fails where a limit is not kept."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "server").mkdir()
        server = mariadb.start(folder / "server")
        try:
            console.print(f"making {60_000 * SCALE:,} bookings …")
            count = generate(admin_of(server), SCALE, tables=("bookings",)).rows["bookings"]
            source = SourceSettings(
                host=server.host, port=server.port, user=server.user, password=server.password, tls="off"
            )
            broken = _measure(Bench(source, folder), count, console)
        finally:
            server.stop()
    if broken:
        sys.exit("beyond its limit: " + ", ".join(broken))


def _measure(bench: Bench, count: int, console: Console) -> list[str]:
    bench.bare()  # warms the server's cache
    works: dict[str, Callable[[], object]] = {
        "bare stream": bench.bare,
        "bare stream to Parquet": lambda: bench.bare("bare.parquet"),
        "reader, value contract on": bench.ours,
        "reader with its proof in the statement": lambda: bench.ours("TRUE", "FALSE"),
        "full scan with CRC32": bench.crc,
        "key-range checksums": bench.range_sums,
    }
    with watching() as peak:
        times = {name: median(seconds(work) for _ in range(ROUNDS)) for name, work in works.items()}
    took, touched = bench.probe()
    shown = Table("what", "s", "rows/s", "against", "ratio", title=f"{count:,} bookings, median of {ROUNDS}")
    pairs = {
        "bare stream to Parquet": "bare stream",
        "reader, value contract on": "bare stream to Parquet",
        "reader with its proof in the statement": "reader, value contract on",
        "key-range checksums": "full scan with CRC32",
    }
    for name, time_taken in times.items():
        other = pairs.get(name, "")
        ratio = f"{times[other] / time_taken:.2f} x its speed" if other else ""
        shown.add_row(name, f"{time_taken:.2f}", f"{count / time_taken:,.0f}", other, ratio)
    console.print(shown)
    console.print(
        f"peak memory of the reader {peak.bytes / (1 << 20):.0f} MiB; probe {took * 1000:.0f} ms, {touched} rows"
    )
    limits = {
        "reader": times["bare stream to Parquet"] / times["reader, value contract on"] >= RATIO,
        "key-range checksums": times["key-range checksums"] <= CHECKSUM_RATIO * times["full scan with CRC32"],
        "memory": peak.bytes <= MEMORY,
    }
    return [name for name, kept in limits.items() if not kept]


if __name__ == "__main__":
    main()
