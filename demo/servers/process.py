"""Servers as processes in sessions of their own, known by pid and start time, stopped by pid."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

WAIT_SECONDS = 180
PORTS_TO_TRY = 5
PORT_TAKEN = "already in use"
Server = TypeVar("Server")


class ServerError(RuntimeError):
    """A server or one of its programs failed; shows the end of its log."""


class PortTakenError(ServerError):
    """Somebody else was faster to listen on the port."""


@dataclass(frozen=True)
class Process:
    """A running server: its pid, and its start time so that a recycled pid is never taken for it."""

    pid: int
    started: int

    def alive(self) -> bool:
        """True while this very process runs."""
        return self.started > 0 and started(self.pid) == self.started

    def stop(self, politely: int = signal.SIGTERM, patience: float = 20) -> None:
        """Ends the process and what it started; returns when it is gone."""
        if not self.alive():
            return
        os.kill(self.pid, politely)
        self._wait(patience)
        with suppress(ProcessLookupError):  # the group keeps the pid from being reused while it has members
            os.killpg(self.pid, signal.SIGKILL)
        self._wait(5)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.alive() and time.monotonic() < end:
            time.sleep(0.02)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


def started(pid: int) -> int:
    """When a process began, in kernel ticks; 0 when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[19])


def on_free_port(start: Callable[[int], Server]) -> Server:
    """Starts a server on a loopback port that nobody listens on; tries others when somebody is faster.

    Raises:
        PortTakenError: That happened too often.
    """
    for _ in range(PORTS_TO_TRY - 1):
        with suppress(PortTakenError):
            return start(_free_port())
    return start(_free_port())


def launch(
    command: list[str],
    log: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Process:
    """Starts a server in the background, in this folder, with its output in a log file."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=folder,
            env=environment,
            **_identity(user),
        )
    return Process(child.pid, started(child.pid))


def wait_until(answers: Callable[[], object], process: Process, log: Path) -> None:
    """Waits for a server's first answer; one that does not come is stopped.

    Raises:
        PortTakenError: It ended because its port was taken.
        ServerError: It ended for another reason, or stayed silent.
    """
    end = time.monotonic() + WAIT_SECONDS
    try:
        while process.alive() and time.monotonic() < end:
            with suppress(Exception):
                answers()
                return
            time.sleep(0.1)
    except BaseException:
        process.stop()
        raise
    process.stop()
    text = log.read_text(errors="replace")
    tail = "\n".join(text.splitlines()[-8:])
    error = PortTakenError if PORT_TAKEN in text else ServerError
    raise error(f"{log.stem} did not answer; {log} ends:\n{tail}")


def run(command: list[str], folder: Path, user: str | None = None) -> None:
    """Runs a command to its end.

    Raises:
        ServerError: It failed.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        cwd=folder,
        check=False,
        **_identity(user),
    )
    if done.returncode:
        raise ServerError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-1500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _identity(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
