"""Child processes that outlive nobody: started in their own session, known by pid and start time, stopped by pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

WAIT_SECONDS = 90


@dataclass(frozen=True)
class Process:
    """A running server: its pid, and its start time so that a recycled pid is never taken for it."""

    pid: int
    started: int

    def alive(self) -> bool:
        """True while this very process runs."""
        return started(self.pid) == self.started

    def stop(self, first: signal.Signals = signal.SIGTERM, patience: float = 20) -> None:
        """Ends the process, politely first; returns when it is gone."""
        for number, seconds in ((first, patience), (signal.SIGKILL, 5.0)):
            if not self.alive():
                break
            os.kill(self.pid, number)
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.alive() and time.monotonic() < end:
            try:
                os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.05)


def started(pid: int) -> int:
    """When a process began, in kernel ticks; 0 when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[19])


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None, user: str | None = None
) -> Process:
    """Starts a server in the background with its output in a log file."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,
            user=user,
            env=dict(environment) if environment is not None else None,
        )
    return Process(child.pid, started(child.pid))


def wait_until(answers: Callable[[], object], process: Process, log: Path) -> None:
    """Waits for a server's first answer.

    Raises:
        RuntimeError: It ended or stayed silent; shows the end of its log.
    """
    end = time.monotonic() + WAIT_SECONDS
    while process.alive() and time.monotonic() < end:
        try:
            answers()
            return
        except Exception:  # noqa: BLE001, S110
            time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise RuntimeError(f"{log.stem} did not answer; its log ends:\n{tail}")


def run(command: list[str], log: Path, user: str | None = None) -> None:
    """Runs a command to its end.

    Raises:
        RuntimeError: It failed; shows the end of its output.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=WAIT_SECONDS, user=user, cwd=log.parent, check=False
    )
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-1500:]}")
