"""The embedded servers answer, admit only whom they should, and leave nothing behind."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import psycopg
import pymysql
import pytest

from demo.servers import mariadb, postgres, prefect, process

CLONE = Path(__file__).parents[2]


def connect(server: mariadb.MariaDb, user: str, password: str) -> pymysql.Connection:
    return pymysql.connect(host=server.host, port=server.port, user=user, password=password, database=server.database)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def house_rules(*paths: Path) -> dict[Path, int | bytes]:
    """What no server may change: the modes of all folders above these, and who may log in."""
    folders = {folder: folder.stat().st_mode for path in paths for folder in path.parents}
    return {**folders, **{file: file.read_bytes() for file in (Path("/etc/passwd"), Path("/etc/group"))}}


def processes_that_name(path: Path) -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if str(path) in " ".join(p.info["cmdline"] or [])]


def test_the_reader_of_the_source_sees_transactions_and_rows_but_changes_nothing(
    source_server: mariadb.MariaDb,
) -> None:
    reader = connect(source_server, source_server.user, source_server.password)
    with reader, reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.innodb_trx")
        assert cursor.fetchone() is not None
        cursor.execute("SELECT @@performance_schema, @@character_set_server")
        assert cursor.fetchone() == (1, "utf8mb4")
        with pytest.raises(pymysql.err.OperationalError, match="CREATE command denied"):
            cursor.execute("CREATE TABLE t (id INT)")


def test_nobody_enters_without_a_password(source_server: mariadb.MariaDb, warehouse_server: postgres.Postgres) -> None:
    for user in ("root", source_server.user):
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            connect(source_server, user, "")
    target = warehouse_server
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=target.host, port=target.port, user=target.user, password="wrong", dbname=target.database)


def test_passwords_are_not_shown(source_server: mariadb.MariaDb, warehouse_server: postgres.Postgres) -> None:
    secrets = {source_server.password, source_server.admin_password, warehouse_server.password}

    assert not [secret for secret in secrets if secret in f"{source_server} {warehouse_server}"]


def test_the_source_may_live_in_another_time_zone(tmp_path: Path) -> None:
    server = mariadb.start(tmp_path, "--default-time-zone=+05:30")
    try:
        reader = connect(server, server.user, server.password)
        with reader, reader.cursor() as cursor:
            cursor.execute("SELECT timediff(now(), utc_timestamp()) = '05:30:00'")
            assert cursor.fetchone() == (1,)
    finally:
        server.stop()
    assert not server.process.alive()
    assert not listens(server.port)


def test_prefect_answers_and_keeps_its_state_in_postgres(
    prefect_server: prefect.PrefectServer, warehouse_server: postgres.Postgres
) -> None:
    assert httpx.get(f"{prefect_server.api}/health").json() is True
    assert httpx.get(prefect_server.url).headers["content-type"].startswith("text/html")
    with psycopg.connect(warehouse_server.url("psycopg", "prefect").replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT to_regclass('flow_run') IS NOT NULL").fetchone() == (True,)


def test_postgres_ends_at_once_though_somebody_is_connected(tmp_path: Path) -> None:
    before = house_rules(tmp_path)
    server = postgres.start(tmp_path)
    with psycopg.connect(server.url().replace("+psycopg", "")):
        begin = time.monotonic()
        server.stop()

    assert time.monotonic() - begin < 10
    assert not server.process.alive()
    assert not listens(server.port)
    assert not server.home.exists()
    assert house_rules(tmp_path) == before


def test_a_server_that_cannot_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    with pytest.raises(process.ServerError, match="unknown variable 'no-such-option=1'"):
        mariadb.start(tmp_path, "--no-such-option=1")

    assert processes_that_name(tmp_path) == []


def test_a_port_that_somebody_else_took_is_replaced_by_another(tmp_path: Path) -> None:
    ports = []

    def serve(port: int) -> process.Process:
        ports.append(port)
        if len(ports) == 1:
            taken.bind(("127.0.0.1", port))
            taken.listen()
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        server = process.launch(command, tmp_path / "log", tmp_path)
        url = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: httpx.get(url, timeout=0.5).raise_for_status(), server, tmp_path / "log")
        return server

    with socket.socket() as taken:
        server = process.on_free_port(serve)
    assert len(ports) == 2
    assert listens(ports[1])
    server.stop()
    assert not server.alive()


def test_a_process_that_got_a_recycled_pid_is_never_stopped() -> None:
    with subprocess.Popen(["sleep", "60"]) as innocent:
        ours = process.Process(innocent.pid, process.started(innocent.pid) - 1)
        ours.stop()

        assert not ours.alive()
        assert innocent.poll() is None
        innocent.kill()
