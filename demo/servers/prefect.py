"""A Prefect server with its own database."""

from __future__ import annotations

import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from demo.servers.postgres import Postgres
from demo.servers.process import Process, free_port, launch, wait_until


@dataclass(frozen=True)
class PrefectServer:
    """A running server and the address of its interface."""

    url: str
    home: Path
    process: Process

    @property
    def api(self) -> str:
        """The value of PREFECT_API_URL."""
        return f"{self.url}/api"

    def stop(self) -> None:
        """Ends the server."""
        self.process.stop()


def start(folder: Path, database: Postgres) -> PrefectServer:
    """Starts a server on a database that is already there."""
    home, log, port = folder / "prefect", folder / "prefect.log", free_port()
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.url("asyncpg", "prefect"),
        "PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api",
    }
    environment.pop("PREFECT_API_URL", None)
    program = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = launch(program, log, environment)
    server = PrefectServer(f"http://127.0.0.1:{port}", home, process)
    try:
        wait_until(lambda: urllib.request.urlopen(f"{server.api}/health", timeout=2).read(), process, log)
    except BaseException:
        server.stop()
        raise
    return server
