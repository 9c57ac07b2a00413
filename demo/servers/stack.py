"""All servers of the demo together: started in parallel, remembered in one file, stopped by pid."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from demo.servers import mariadb, postgres, prefect, worker
from demo.servers.process import Process

STATE = "servers.json"
REPORT = "report.html"


@dataclass(frozen=True)
class Stack:
    """Running servers and the folder of the lake; a worker only where somebody asked for one."""

    source: mariadb.MariaDb
    warehouse: postgres.Postgres
    prefect: prefect.PrefectServer
    lake: Path
    worker: worker.Worker | None = None

    def environment(self) -> dict[str, str]:
        """The settings that point the product at these servers."""
        return {
            "LAKEHOUSE_SOURCE__HOST": self.source.host,
            "LAKEHOUSE_SOURCE__PORT": str(self.source.port),
            "LAKEHOUSE_SOURCE__USER": self.source.user,
            "LAKEHOUSE_SOURCE__PASSWORD": self.source.password,
            "LAKEHOUSE_SOURCE__DATABASE": mariadb.DATABASE,
            "LAKEHOUSE_SOURCE__TLS": "off",
            "LAKEHOUSE_LAKE": str(self.lake),
            "LAKEHOUSE_WAREHOUSE__DIALECT": "postgres",
            "LAKEHOUSE_WAREHOUSE__HOST": self.warehouse.host,
            "LAKEHOUSE_WAREHOUSE__PORT": str(self.warehouse.port),
            "LAKEHOUSE_WAREHOUSE__USER": self.warehouse.user,
            "LAKEHOUSE_WAREHOUSE__PASSWORD": self.warehouse.password,
            "LAKEHOUSE_WAREHOUSE__DATABASE": "warehouse",
            "LAKEHOUSE_WAREHOUSE__TLS": "off",
            "PREFECT_API_URL": self.prefect.api,
            "PREFECT_HOME": str(self.prefect.home),
        }

    def stop(self) -> None:
        """Ends all servers, even when one of them makes trouble."""
        with ExitStack() as pending:
            for server in (self.warehouse, self.source, self.prefect, self.worker):
                if server is not None:
                    pending.callback(server.stop)


def start(folder: Path) -> Stack:
    """Starts everything and writes down what must be stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo, ThreadPoolExecutor() as pool:
        source = pool.submit(_kept, undo, mariadb.start, folder)
        warehouse = _kept(undo, postgres.start, folder)
        server = _kept(undo, prefect.start, folder, warehouse)
        stack = Stack(source.result(), warehouse, server, folder / "lake")
        undo.pop_all()
    _remember(stack, folder)
    return stack


def with_worker(stack: Stack, folder: Path, pool: str, **settings: str) -> Stack:
    """The same servers and a worker, which runs what is started from the Prefect UI; one that runs is kept.

    Args:
        stack: The servers.
        folder: Where their state and logs are.
        pool: The work pool, which is there.
        settings: What its runs are told beside where the servers are.
    """
    if stack.worker is not None and stack.worker.process.alive():
        return stack
    added = worker.start(folder, pool, stack.prefect, {**stack.environment(), **settings})
    more = replace(stack, worker=added)
    _remember(more, folder)
    return more


def write_private(file: Path, text: str) -> None:
    """Writes a file that only its owner may read, at no moment anybody else."""
    file.touch(0o600)
    file.write_text(text)


def _kept(undo: ExitStack, start: Callable[..., Any], *arguments: object) -> Any:
    server = start(*arguments)
    undo.callback(server.stop)
    return server


def running(folder: Path) -> Stack | None:
    """The servers that an earlier start left in this folder, if all of them still run."""
    stack = _remembered(folder)
    if stack is None or not all(s.process.alive() for s in (stack.source, stack.warehouse, stack.prefect)):
        return None
    return stack


def stop(folder: Path) -> None:
    """Ends the servers of this folder and removes it, but for the report."""
    stack = _remembered(folder)
    if stack is not None:
        stack.stop()
    for entry in folder.glob("*"):
        if entry.name != REPORT:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def _remember(stack: Stack, folder: Path) -> None:
    write_private(folder / STATE, json.dumps(asdict(stack), default=str))


def _remembered(folder: Path) -> Stack | None:
    file = folder / STATE
    if not file.exists():
        return None
    data = json.loads(file.read_text())
    for part in filter(data.get, ("source", "warehouse", "prefect", "worker")):
        data[part]["process"] = Process(**data[part]["process"])
    data["warehouse"]["home"] = Path(data["warehouse"]["home"])
    data["prefect"]["home"] = Path(data["prefect"]["home"])
    return Stack(
        mariadb.MariaDb(**data["source"]),
        postgres.Postgres(**data["warehouse"]),
        prefect.PrefectServer(**data["prefect"]),
        Path(data["lake"]),
        worker.Worker(**data["worker"]) if data.get("worker") else None,
    )
