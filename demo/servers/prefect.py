"""A Prefect server with its own database."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from demo.servers.postgres import Postgres
from demo.servers.process import Process, launch, on_free_port, wait_until

HOST = "127.0.0.1"


@dataclass(frozen=True)
class PrefectServer:
    """A running server and the address of its interface."""

    host: str
    port: int
    home: Path
    process: Process

    @property
    def url(self) -> str:
        """The address of the interface."""
        return f"http://{self.host}:{self.port}"

    @property
    def api(self) -> str:
        """The value of PREFECT_API_URL."""
        return f"{self.url}/api"

    def stop(self) -> None:
        """Ends the server."""
        self.process.stop()


def start(folder: Path, database: Postgres) -> PrefectServer:
    """Starts a server on a database that is already there."""
    (folder / "prefect").mkdir(parents=True, exist_ok=True)
    return on_free_port(lambda port: _serve(folder, database, port))


def _serve(folder: Path, database: Postgres, port: int) -> PrefectServer:
    home, log = folder / "prefect", folder / "prefect.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment |= {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.url("asyncpg", "prefect"),
        "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api",
    }
    program = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    server = PrefectServer(HOST, port, home, launch(program, log, folder, environment))
    wait_until(lambda: _recognise(server), server.process, log)
    return server


def _recognise(server: PrefectServer) -> None:
    """Refuses the answer of another server that took the port."""
    connection = HTTPConnection(server.host, server.port, timeout=2)
    with closing(connection):
        connection.request("GET", "/api/admin/settings")
        if Path(json.load(connection.getresponse())["home"]) != server.home:
            raise ConnectionError("another server answers")
