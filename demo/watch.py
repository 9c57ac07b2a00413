"""A command run to its end, while the memory of its whole process tree is watched."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

LOOK_SECONDS = 0.5


def watched(command: Sequence[str], environment: Mapping[str, str], seconds: int) -> tuple[int, int]:
    """Runs a command; returns its exit code, and the peak resident bytes of it and what it started."""
    process = subprocess.Popen(command, env=dict(environment))
    peaks, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            peaks.append(tree_memory(process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        return process.wait(seconds), max(peaks)
    finally:
        done.set()
        watcher.join()
        process.kill()
        process.wait()


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and of all below it; what they share, such as a JVM while it forks, counts once."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                total += process.memory_full_info().pss
    return total
