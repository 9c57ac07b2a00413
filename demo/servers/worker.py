"""A Prefect worker: it runs, as processes of its own, what is started from the Prefect UI."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from demo.servers.prefect import PrefectServer
from demo.servers.process import Process, launch, wait_until

QUERY_SECONDS = "2"  # a person is waiting
PATIENCE_SECONDS = 5  # it would wait for its runs to end


@dataclass(frozen=True)
class Worker:
    """A worker that takes runs from one work pool."""

    pool: str
    process: Process

    def stop(self) -> None:
        """Ends the worker and the runs that it has started."""
        self.process.stop(patience=PATIENCE_SECONDS)


def start(folder: Path, pool: str, server: PrefectServer, settings: Mapping[str, str]) -> Worker:
    """Starts a worker whose runs have these settings; the pool is already there."""
    log, name = folder / "worker.log", f"demo-{secrets.token_hex(3)}"
    program = [sys.executable, "-m", "prefect", "worker", "start", "--name", name, "--pool", pool, "--type", "process"]
    process = launch([*program, "--no-create-pool-if-not-found"], log, folder, {**_environment(), **settings})
    wait_until(lambda: _recognise(server, pool, name), process, log)
    return Worker(pool, process)


def _environment() -> dict[str, str]:
    """Of the person's own settings, only where the jars are."""
    foreign = [name for name in os.environ if name.startswith(("PREFECT_", "LAKEHOUSE_")) and name != "LAKEHOUSE_JARS"]
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {
        "PREFECT_WORKER_QUERY_SECONDS": QUERY_SECONDS,
        "PREFECT_LOGGING_EXTRA_LOGGERS": "lakehouse",
    }


def _recognise(server: PrefectServer, pool: str, name: str) -> None:
    """Waits until the server has heard of the worker."""
    connection = HTTPConnection(server.host, server.port, timeout=2)
    with closing(connection):
        connection.request("POST", f"/api/work_pools/{pool}/workers/filter", "{}", {"Content-Type": "application/json"})
        if name not in {worker["name"] for worker in json.load(connection.getresponse())}:
            raise ConnectionError("the worker is not there yet")
