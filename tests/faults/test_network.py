"""The way to the source breaks, stalls, crawls or leads elsewhere (F16 to F18): an error, and never a short read."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.process import launch, wait_until
from lakehouse.contracts import Column, Cursor, Table, Transient
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import reader
from tests.support.lab import Lab, lab
from tests.support.proxy import Proxy, proxied

pytestmark = pytest.mark.long
ROWS = 30_000
BULK = Table(
    "bulk", ("id",), Cursor("updated_at", timedelta(0)),
    (Column("id", "INT"), Column("body", "VARCHAR(200)"), Column("updated_at", "TIMESTAMP(6)")),
)  # fmt: skip
DDL = """CREATE TABLE bulk (id INT PRIMARY KEY, body VARCHAR(200),
  updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6), KEY (updated_at))"""
FILL = f"INSERT INTO bulk (id, body) SELECT seq, REPEAT('x', 200) FROM seq_1_to_{ROWS}"


@dataclass(frozen=True)
class Way:
    """A lab whose pipeline reaches the source by a proxy; its applications go straight."""

    world: Lab
    proxy: Proxy

    def told(self, **more: object) -> Lab:
        """The lab under other settings of the source."""
        return self.world.with_settings(source=self.world.settings.source.model_copy(update=more))


@contextmanager
def way(world: Lab) -> Iterator[Way]:
    with proxied(world.server.port) as proxy:
        source = world.settings.source.model_copy(update={"port": proxy.port})
        yield Way(world.with_settings(source=source), proxy)


@pytest.fixture
def bulky(source_server: MariaDb, tmp_path: Path) -> Iterator[Way]:
    """A table that is loaded, and then gets rows that make a long read."""
    with lab(source_server, str(tmp_path / "lake"), BULK, DDL) as world, way(world) as found:
        world.sql("INSERT INTO bulk (id, body) VALUES (0, 'first')")
        world.run()
        world.sql(FILL)
        yield found


@pytest.mark.fault("F17", "F42")
@pytest.mark.parametrize("after", [1, 20_000, 1_000_000, 6_000_000])
def test_a_connection_that_is_reset_after_any_byte_is_a_retry_and_then_all_is_there(bulky: Way, after: int) -> None:
    before = bulky.world.state
    bulky.proxy.cut_after = after

    with pytest.raises(Transient, match=r"safe to run again|is unreachable"):
        bulky.world.run()
    assert bulky.world.state == before
    bulky.world.run()

    assert bulky.world.holds_the_source()


@pytest.mark.fault("F16", "F17", "F42")
def test_a_stream_that_ends_in_silence_is_refused_for_want_of_the_sources_own_count(
    bulky: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CHILD", "tests.support.silent_child")
    before = bulky.world.state
    bulky.proxy.cut_after = 1_000_000

    with pytest.raises(Transient, match="the stream ended before the source's own count arrived"):
        bulky.world.run()
    assert bulky.world.state == before


@pytest.mark.fault("F16", "F17", "F42", control=True)
def test_without_the_count_a_stream_that_ends_in_silence_is_taken_for_whole(
    bulky: Way, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reader, "CHILD", "tests.support.silent_child")
    bulky.proxy.cut_after = 1_000_000

    assert reader.stage(bulky.world.settings.source, BULK, "TRUE", str(tmp_path / "short")).rows < ROWS


@pytest.mark.fault("F17", "F42")
def test_a_load_that_ends_in_silence_is_made_whole_by_its_own_comparison(
    source_server: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CHILD", "tests.support.silent_child")
    with lab(source_server, str(tmp_path / "lake"), BULK, DDL) as world, way(world) as found:
        world.sql(FILL)
        found.proxy.cut_after = 1_000_000
        found.world.run()

        assert found.proxy.cut_after is None, "it was cut"
        assert world.holds_the_source()


def restarted(server: MariaDb, folder: Path) -> MariaDb:
    """The same server on its data, port and passwords, after it was killed."""
    words = (folder / "command").read_text().split("\0")
    command = [word for word in words if word and not word.startswith("--init-file")]
    log = folder / "again.log"
    process = launch(command, log, folder)
    again = MariaDb(server.host, server.port, server.admin_password, server.user, server.password, process)
    wait_until(lambda: mariadb._connect(again), process, log)
    return again


@pytest.mark.fault("F16")
def test_a_source_killed_in_mid_read_and_started_again_loses_no_row(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = mariadb.start(folder)
    (folder / "command").write_text(Path(f"/proc/{server.process.pid}/cmdline").read_text())
    source = SourceSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=server.database,
        tls="off", grace_seconds=0,
    )  # fmt: skip
    straight = Lab(server, Settings(source=source, lake=str(tmp_path / "lake")), BULK)
    straight.sql(DDL, "INSERT INTO bulk (id, body) VALUES (0, 'first')")
    with way(straight) as found, ExitStack() as stack:
        found.world.run()
        straight.sql(FILL)
        before = straight.state
        found.proxy.on_bytes = (100_000, lambda: os.kill(server.process.pid, signal.SIGKILL))
        with pytest.raises(Transient, match=r"safe to run again|is unreachable"):
            found.world.run()
        assert found.proxy.on_bytes is None, "it was killed in mid-read"
        with pytest.raises(Transient, match="is unreachable"):
            straight.run()
        assert straight.state == before
        again = restarted(server, folder)
        stack.callback(again.stop)
        found.world.run()

        assert straight.holds_the_source()


@pytest.mark.fault("F17")
def test_a_failover_in_mid_read_is_a_retry_and_the_new_writer_is_read(
    bulky: Way, source_server: MariaDb, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = mariadb.start(folder)
    try:
        source, user = bulky.world.settings.source, "CREATE OR REPLACE USER failover@'%' IDENTIFIED BY 'over'"
        grants = "GRANT SELECT, PROCESS, REPLICATION CLIENT ON *.* TO failover@'%'"
        bulky.world.sql(user, grants)
        there = Lab(other, bulky.world.settings.model_copy(update={"source": source}), BULK)
        with pymysql.connect(host=other.host, port=other.port, user="root", password=other.admin_password) as root:
            for statement in (f"CREATE DATABASE {source.database}", user, grants):
                root.cursor().execute(statement)
        rows = [str((number, body, str(at))) for number, body, at in bulky.world.at_source()]
        there.sql(DDL, f"INSERT INTO bulk VALUES {', '.join(rows)}", "UPDATE bulk SET body = 'y' WHERE id = 7")
        bulky.proxy.cut_after = 1_000_000
        failing = bulky.told(user="failover", password=source.password.__class__("over"))

        with pytest.raises(Transient, match=r"safe to run again"):
            failing.run()
        bulky.proxy.upstream = other.port
        failing.run()

        assert sorted(failing.in_bronze()) == sorted(there.at_source())
    finally:
        other.stop()


@pytest.mark.fault("F43")
def test_a_source_that_falls_silent_in_mid_read_is_a_retry_after_the_timeout(bulky: Way) -> None:
    bulky.proxy.silent_after = 100_000
    began = time.monotonic()

    with pytest.raises(Transient, match="the source sent nothing for 2 s; ended"):
        bulky.told(read_timeout_seconds=2).run()
    assert time.monotonic() - began < 30


@pytest.mark.fault("F18", "F45")
def test_a_crawling_link_ends_at_the_deadline(bulky: Way) -> None:
    bulky.proxy.bytes_per_second = 20_000
    began = time.monotonic()

    with pytest.raises(Transient, match="the read was not done after 3 s; ended"):
        bulky.told(read_deadline_seconds=3).run()
    assert time.monotonic() - began < 60


def goes_on_for(seconds: float, work: Callable[[], Any], free: Callable[[], None]) -> bool:
    """True where the work is not done after so long; then it is freed, and must end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Transient as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    is_alive = thread.is_alive()
    free()
    thread.join(60)
    assert not thread.is_alive()
    return is_alive


@pytest.mark.fault("F18", "F43", "F45", control=True)
def test_without_a_deadline_a_read_goes_on_as_long_as_the_link_crawls(bulky: Way, tmp_path: Path) -> None:
    bulky.proxy.bytes_per_second = 20_000

    def free() -> None:
        bulky.proxy.cut_after = 0

    source = bulky.world.settings.source
    assert goes_on_for(8, lambda: reader.stage(source, BULK, "TRUE", str(tmp_path / "slow"), "FALSE"), free)


@pytest.mark.fault("F18")
def test_a_global_read_lock_does_not_hold_a_read_up(bulky: Way) -> None:
    with bulky.world.connection() as backup:
        backup.cursor().execute("FLUSH TABLES WITH READ LOCK")
        bulky.told(read_timeout_seconds=10).run()

        assert bulky.world.holds_the_source()


@pytest.mark.fault("F18")
def test_a_locked_table_is_a_retry_after_the_timeout(bulky: Way) -> None:
    before, began = bulky.world.state, time.monotonic()
    with bulky.world.connection() as locker:
        locker.cursor().execute("LOCK TABLES bulk WRITE")
        with pytest.raises(Transient, match="safe to run again"):
            bulky.told(read_timeout_seconds=2).run()
        assert time.monotonic() - began < 20
        assert bulky.world.state == before


@pytest.mark.fault("F18", control=True)
def test_without_a_timeout_a_run_waits_as_long_as_the_table_is_locked(bulky: Way) -> None:
    with bulky.world.connection() as locker:
        locker.cursor().execute("LOCK TABLES bulk WRITE")

        assert goes_on_for(6, bulky.world.run, lambda: locker.cursor().execute("UNLOCK TABLES"))


@pytest.mark.fault("F18")
def test_a_source_without_a_free_connection_is_a_retry_within_seconds(bulky: Way) -> None:
    bulky.world.sql("SET GLOBAL max_connections = 10")
    with ExitStack() as stack:
        stack.callback(lambda: bulky.world.sql("SET GLOBAL max_connections = 151"))
        for _ in range(12):
            try:
                held = bulky.world.connection()
            except pymysql.err.OperationalError:
                break
            stack.callback(held.close)
        began = time.monotonic()
        with pytest.raises(Transient, match=r"error 1040"):
            bulky.world.run()
        assert time.monotonic() - began < 6
