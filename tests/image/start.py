"""How soon a process of the image is at work: by the clock, and by the CPU that all its processes took."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.image.container import Image

PATIENCE_SECONDS = 300
MAGIC = len("PAR1")  # what a Parquet file holds before its first row
IMPORT = "import prefect, time; open('/tmp/imported', 'w').close(); time.sleep(60)"


@dataclass(frozen=True, order=True)
class Took:
    """Seconds from the start of a process."""

    clock: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s ({self.cpu:.1f} s of CPU)"


@dataclass(frozen=True)
class Started:
    """A first run: until a row of the source is on the disk, until the lake's first commit, and with which classes."""

    row: Took
    commit: Took
    has_archive: bool


def import_prefect(image: Image, tmp: Path) -> Took:
    """What Prefect alone costs, before any of ours."""
    began = time.monotonic()
    with image.start(tmp, "python3", "-c", IMPORT) as process:
        return _until((tmp / "imported").exists, process, began)


def first_run(image: Image, tmp: Path, **settings: str) -> Started:
    """Starts a run on an empty lake below `tmp`, and ends it at the first commit."""
    began = time.monotonic()
    with image.start(tmp, "lakehouse", "run", **settings) as process:
        row = _until(lambda: any(map(_has_row, tmp.glob("lake/_staging/*/*/*.parquet"))), process, began)
        commit = _until(lambda: any(tmp.glob("lake/raw_data/*/_delta_log/*.json")), process, began)
        return Started(row, commit, any(map(_has_archive, _inside(process))))


def _until(reached: Callable[[], bool], process: subprocess.Popen[str], began: float) -> Took:
    while not reached():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < began + PATIENCE_SECONDS
        time.sleep(0.02)
    return Took(time.monotonic() - began, sum(map(_cpu, _inside(process))))


def _inside(process: subprocess.Popen[str]) -> Iterator[psutil.Process]:
    root = psutil.Process(process.pid)
    yield root
    yield from root.children(recursive=True)


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0


def _has_archive(process: psutil.Process) -> bool:
    return "lakehouse.jsa" in Path(f"/proc/{process.pid}/maps").read_text()


def _has_row(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_size > MAGIC
    return False
