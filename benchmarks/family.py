"""What this process and all that it started cost, Spark's JVM among them: memory and processor time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import psutil

PAUSE_SECONDS = 0.2


@dataclass
class Peak:
    """The highest sum seen so far."""

    bytes: int = 0

    @property
    def megabytes(self) -> int:
        """The same in MiB."""
        return self.bytes >> 20


@contextmanager
def watched(but: Container[int] = ()) -> Iterator[Peak]:
    """Looks again and again for as long as a block lasts; leaves out processes by their ids."""
    peak, done = Peak(), threading.Event()

    def look() -> None:
        while not done.wait(PAUSE_SECONDS):
            peak.bytes = max(peak.bytes, sum(map(_resident, _family(but))))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def cpu_seconds(but: Container[int] = ()) -> float:
    """Processor time so far, without some processes; on a machine that others use too, it tells more than the clock."""
    return sum(map(_worked, _family(but)))


class Took(NamedTuple):
    """Seconds by the clock, and of processors."""

    seconds: float
    cpu: float


def took(work: Callable[[], object]) -> Took:
    """What some work took."""
    began, worked = time.monotonic(), cpu_seconds()
    work()
    return Took(time.monotonic() - began, cpu_seconds() - worked)


def _family(but: Container[int]) -> list[psutil.Process]:
    me = psutil.Process()
    return [p for p in (me, *me.children(recursive=True)) if p.pid not in but]


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _worked(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
