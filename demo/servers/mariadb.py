"""MariaDB from a Maven package: it stands in for Aurora MySQL."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from demo.servers.process import Process, free_port, launch, run, wait_until
from lakehouse import jars

DATABASE = "marketplace"
READER_GRANTS = ("SELECT ON *.*", "PROCESS ON *.*", "REPLICATION CLIENT ON *.*")


@dataclass(frozen=True)
class MariaDb:
    """A running server, with an administrator and a user that may only read."""

    host: str
    port: int
    admin_password: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    process: Process

    def stop(self) -> None:
        """Ends the server."""
        self.process.stop()


def install() -> Path:
    """The unpacked server in the cache, shared by all data folders."""
    folder = jars.default_folder()
    (jar,) = jars.fetch(("demo",), folder)
    target = folder.parent / jar.stem
    if not target.exists():
        work = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
        with zipfile.ZipFile(jar) as archive:
            archive.extractall(work)
        root = next(work.rglob("bin")).parent
        for program in [*(root / "bin").iterdir(), *(root / "scripts").iterdir()]:
            program.chmod(0o755)
        if not target.exists():
            root.rename(target)
        shutil.rmtree(work, ignore_errors=True)
    return target


def start(folder: Path, *options: str) -> MariaDb:
    """Makes a data folder and starts a server on it."""
    base, data, log = install(), folder / "mariadb", folder / "mariadb.log"
    data.mkdir(parents=True)
    common = ["--no-defaults", f"--basedir={base}", f"--datadir={data}"]
    run(
        [str(base / "scripts" / "mariadb-install-db"), *common, "--auth-root-authentication-method=normal",
         "--skip-test-db", "--user=root"],
        log,
    )  # fmt: skip
    port = free_port()
    process = launch(
        [str(base / "bin" / "mariadbd"), *common, f"--port={port}", "--bind-address=127.0.0.1", "--user=root",
         f"--socket={data}/s", f"--lc-messages-dir={base}/share", "--performance-schema=ON", "--local-infile=1",
         "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=2",
         "--skip-ssl", *options],
        log,
    )  # fmt: skip
    server = MariaDb(
        "127.0.0.1", port, secrets.token_urlsafe(12), "lakehouse", secrets.token_urlsafe(12), process
    )
    try:
        wait_until(lambda: _users(server), process, log)
    except BaseException:
        server.stop()
        raise
    return server


def _users(server: MariaDb) -> None:
    root = pymysql.connect(host=server.host, port=server.port, user="root", connect_timeout=2)
    with root, root.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS marketplace CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER lakehouse@localhost IDENTIFIED BY %s", (server.password,))
        cursor.execute("CREATE USER lakehouse@'127.0.0.1' IDENTIFIED BY %s", (server.password,))
        for grant in READER_GRANTS:
            cursor.execute(f"GRANT {grant} TO lakehouse@localhost, lakehouse@'127.0.0.1'")
        cursor.execute("SET PASSWORD FOR root@localhost = PASSWORD(%s)", (server.admin_password,))
