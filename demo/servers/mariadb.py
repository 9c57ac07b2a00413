"""MariaDB from a Maven package: it stands in for Aurora MySQL."""

from __future__ import annotations

import getpass
import secrets
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from demo.servers.process import Process, launch, on_free_port, run, wait_until
from lakehouse import jars

HOST = "127.0.0.1"
DATABASE = "marketplace"
READER = "lakehouse"
READER_GRANTS = ("SELECT", "PROCESS", "REPLICATION CLIENT")


@dataclass(frozen=True)
class MariaDb:
    """A running server, with an administrator `root` and a user that may only read."""

    host: str
    port: int
    admin_password: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    process: Process
    database: str = DATABASE

    def url(self, driver: str = "pymysql") -> str:
        """An SQLAlchemy address for the user that may only read."""
        return f"mysql+{driver}://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def stop(self) -> None:
        """Ends the server."""
        self.process.stop()


def install() -> Path:
    """The unpacked server in the cache, shared by all data folders."""
    folder = jars.default_folder()
    target = folder.parent / Path(jars.locked(("demo",))[0].file).stem
    if target.exists():
        return target
    (jar,) = jars.fetch(("demo",), folder)
    work = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with zipfile.ZipFile(jar) as archive:
            archive.extractall(work)
        root = next(work.rglob("bin")).parent
        for program in [*(root / "bin").iterdir(), *(root / "scripts").iterdir()]:
            program.chmod(0o755)
        if not target.exists():
            root.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def start(folder: Path, *options: str) -> MariaDb:
    """Makes a data folder and starts a server on it; `options` are added to its command line."""
    base, data = install(), folder / "mariadb"
    data.mkdir(parents=True)
    common = ["--no-defaults", f"--basedir={base}", f"--datadir={data}", f"--user={getpass.getuser()}"]
    run(
        [str(base / "scripts" / "mariadb-install-db"), *common, "--auth-root-authentication-method=normal",
         "--skip-test-db"],
        folder,
    )  # fmt: skip
    command = [
        str(base / "bin" / "mariadbd"), *common, f"--bind-address={HOST}", f"--socket={data}/s",
        f"--lc-messages-dir={base}/share", f"--init-file={data}/users.sql", "--performance-schema=ON",
        "--performance-schema-consumer-events-statements-current=ON",
        "--performance-schema-consumer-events-statements-history=ON",
        "--local-infile=1", "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=256M",
        "--innodb-flush-log-at-trx-commit=2", "--skip-ssl", *options,
    ]  # fmt: skip
    return on_free_port(lambda port: _serve(command, folder, port))


def _serve(command: list[str], folder: Path, port: int) -> MariaDb:
    admin, password, log = secrets.token_urlsafe(12), secrets.token_urlsafe(12), folder / "mariadb.log"
    users = folder / "mariadb" / "users.sql"
    users.touch(0o600)
    users.write_text(_users(admin, password))
    process = launch([*command, f"--port={port}"], log, folder)
    server = MariaDb(HOST, port, admin, READER, password, process)
    wait_until(lambda: _connect(server), process, log)
    users.unlink()
    return server


def _users(admin: str, password: str) -> str:
    """What the server runs before it listens: nobody can enter without a password."""
    statements = [f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4"]
    for host in ("localhost", HOST):
        reader = f"{READER}@'{host}'"
        statements.append(f"CREATE OR REPLACE USER {reader} IDENTIFIED BY '{password}'")
        statements.append(f"GRANT {', '.join(READER_GRANTS)} ON *.* TO {reader}")
    return ";\n".join([*statements, f"ALTER USER root@localhost IDENTIFIED BY '{admin}'", ""])


def _connect(server: MariaDb) -> None:
    pymysql.connect(
        host=server.host,
        port=server.port,
        user="root",
        password=server.admin_password,
        connect_timeout=2,
        read_timeout=2,
    ).close()
