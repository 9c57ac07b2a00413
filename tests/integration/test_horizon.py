"""The safe horizon on a real server: no row below it can still come, whatever hides the transaction."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pymysql
import pytest
from pydantic import SecretStr

from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from lakehouse.contracts import Terminal
from lakehouse.settings import SourceSettings
from lakehouse.source import horizon
from lakehouse.source.connection import connect, rows
from lakehouse.source.horizon import Horizon, safe_horizon
from lakehouse.window import micros

DATABASE = "horizon"
STAMP = "INSERT INTO event (at) VALUES (NOW(6))"
SECOND = 1_000_000


def settings(server: MariaDb, **more: object) -> SourceSettings:
    """How the pipeline sees the server."""
    given = {"user": server.user, "password": server.password, "grace_seconds": 0} | more
    return SourceSettings(host=server.host, port=server.port, database=DATABASE, tls="off", **given)


@contextmanager
def session(server: MariaDb) -> Iterator[pymysql.cursors.Cursor]:
    """An application's own session, in UTC."""
    connection = pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password,
        database=DATABASE, init_command="SET time_zone='+00:00'",
    )  # fmt: skip
    with connection, connection.cursor() as cursor:
        yield cursor


def prepare(server: MariaDb) -> MariaDb:
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        root.cursor().execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    with session(server) as cursor:
        cursor.execute("DROP TABLE IF EXISTS event")
        cursor.execute("CREATE TABLE event (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6) NOT NULL)")
        cursor.execute(STAMP)
    return server


@pytest.fixture
def server(source_server: MariaDb) -> MariaDb:
    return prepare(source_server)


def taken(server: MariaDb, **more: object) -> Horizon:
    source = settings(server, **more)
    with connect(source) as connection:
        return safe_horizon(connection, source)


def wait_until(server: MariaDb, statement_like: str, state_like: str) -> None:
    sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND STATE LIKE %s"
    end = time.monotonic() + 10
    with session(server) as cursor:
        while time.monotonic() < end:
            cursor.execute(sql, (statement_like, state_like))
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError(f"no statement {statement_like} reached {state_like}")


class Waiting:
    """A transaction whose only statement waits for a metadata lock, then stays open."""

    def __init__(self, server: MariaDb) -> None:
        self.server, self.done, self.commit = server, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._insert)

    def _insert(self) -> None:
        with session(self.server) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(STAMP)
            self.done.set()
            self.commit.wait(20)
            cursor.execute("COMMIT")


@contextmanager
def waiting_for_a_metadata_lock(server: MariaDb) -> Iterator[tuple[Waiting, pymysql.cursors.Cursor]]:
    """A reader blocks an ALTER, which blocks the insert of `Waiting`; a ROLLBACK of the reader lets both go."""
    late = Waiting(server)
    with session(server) as reader, session(server) as altering:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM event")
        alter = threading.Thread(target=altering.execute, args=("ALTER TABLE event ADD COLUMN note INT",))
        alter.start()
        wait_until(server, "ALTER TABLE event%", "Waiting for table metadata lock%")
        late.thread.start()
        wait_until(server, f"{STAMP}%", "Waiting for table metadata lock%")
        time.sleep(1.2)  # trx_started has whole seconds; it must be later than the stamp
        try:
            yield late, reader
        finally:
            reader.execute("ROLLBACK")
            late.commit.set()
            late.thread.join(20)
            alter.join(20)


def stamp_of_the_last_row(server: MariaDb) -> int:
    with session(server) as cursor:
        cursor.execute("SELECT MAX(at) FROM event")
        (found,) = cursor.fetchone()
    assert isinstance(found, datetime)
    return micros(found)


def horizons_of_a_late_commit(server: MariaDb) -> tuple[Horizon, Horizon, int]:
    """The horizon while the statement waits, and while its transaction is open; and the stamp of its row."""
    with waiting_for_a_metadata_lock(server) as (late, reader):
        waiting = taken(server)
        reader.execute("ROLLBACK")
        assert late.done.wait(10)
        still_open = taken(server)
    return waiting, still_open, stamp_of_the_last_row(server)


@pytest.mark.fault("F01")
def test_late_commit_under_a_metadata_lock_is_above_the_horizon(server: MariaDb) -> None:
    waiting, still_open, stamp = horizons_of_a_late_commit(server)

    assert waiting.at <= stamp, "the statement waits, its transaction has not begun"
    assert still_open.at <= stamp, "the transaction began after its statement"
    assert "a running statement" in waiting.evidence
    assert "a statement in the open transaction" in still_open.evidence
    assert (waiting.unproven, still_open.unproven) == ((), ())


@pytest.mark.fault("F01", control=True)
def test_without_statements_and_their_history_the_late_commit_would_be_lost(
    server: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "_statements", lambda _: [])
    monkeypatch.setattr(horizon, "_history", lambda _: ([], []))

    waiting, still_open, stamp = horizons_of_a_late_commit(server)

    assert waiting.at > stamp
    assert still_open.at > stamp


def test_an_open_transaction_holds_the_horizon_and_is_named_when_it_does_so_for_long(server: MariaDb) -> None:
    with session(server) as late:
        late.execute("BEGIN")
        late.execute(STAMP)
        late.execute("SELECT CONNECTION_ID(), at FROM event ORDER BY id DESC LIMIT 1")
        thread, stamped = late.fetchone()
        time.sleep(1)
        held = taken(server, horizon_lag_seconds=0.5)
        late.execute("COMMIT")

    free = taken(server, horizon_lag_seconds=0.5)
    assert held.at <= micros(stamped)
    assert f"thread {thread}" in held.warning
    assert "later rows wait" in held.warning
    assert free.at > micros(stamped)
    assert free.warning == ""


def test_an_idle_read_only_transaction_does_not_hold_the_horizon(server: MariaDb) -> None:
    with session(server) as idle:
        idle.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        idle.execute("SELECT * FROM event")
        time.sleep(1.2)
        found = taken(server)

    assert found.now - found.at < SECOND
    assert found.warning == ""


def test_without_the_process_privilege_the_declared_grace_stands_in_and_the_gap_is_told(server: MariaDb) -> None:
    with session(server) as root:
        root.execute("CREATE OR REPLACE USER blind@'%' IDENTIFIED BY 'b1ind-secret'")
        root.execute(f"GRANT SELECT ON {DATABASE}.* TO blind@'%'")
    found = taken(server, user="blind", password=SecretStr("b1ind-secret"), blind_grace_seconds=120)
    with session(server) as root:
        root.execute("DROP USER blind@'%'")

    assert found.now - found.at >= 120 * SECOND
    assert found.unproven == (horizon.BLIND,)
    assert "grant PROCESS" in found.unproven[0]
    assert found.evidence.startswith("clock; ")


def test_a_transaction_longer_than_the_statement_history_is_told_as_not_proven(server: MariaDb) -> None:
    with session(server) as late:
        late.execute("BEGIN")
        late.execute(STAMP)
        for _ in range(12):
            late.execute("SELECT 1")
        found = taken(server)
        late.execute("ROLLBACK")

    assert [gap for gap in found.unproven if "its history is cut off" in gap]


def test_a_switched_off_statement_history_is_told_as_not_proven(server: MariaDb) -> None:
    consumers = "UPDATE performance_schema.setup_consumers SET ENABLED = '{}' WHERE NAME = 'events_statements_history'"
    with session(server) as root:
        root.execute(consumers.format("NO"))
        found = taken(server)
        root.execute(consumers.format("YES"))

    assert found.unproven == (horizon.NO_HISTORY,)
    assert "statement history;" not in found.evidence


@pytest.mark.fault("F19")
def test_a_replica_is_refused(server: MariaDb) -> None:
    with session(server) as root:
        root.execute("SET GLOBAL read_only = 1")
        try:
            with pytest.raises(Terminal, match="is read only, so a replica; name the writer endpoint"):
                taken(server)
        finally:
            root.execute("SET GLOBAL read_only = 0")


@pytest.mark.fault("F19")
def test_a_server_that_applies_the_changes_of_another_is_refused_though_it_can_be_written(server: MariaDb) -> None:
    with session(server) as root:
        root.execute("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'nobody'")
        root.execute("START SLAVE")
        try:
            with pytest.raises(Terminal, match="applies the changes of another server, so rows come late"):
                taken(server)
        finally:
            root.execute("STOP SLAVE")
            root.execute("RESET SLAVE ALL")


@pytest.fixture(scope="module")
def kolkata(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A server whose machine lives five and a half hours east of UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        server = mariadb.start(tmp_path_factory.mktemp("kolkata"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def berlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A server whose machine puts its clock back in autumn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        server = mariadb.start(tmp_path_factory.mktemp("berlin"))
    yield prepare(server)
    server.stop()


def utc_of(server: MariaDb, local: str) -> str:
    with connect(settings(server)) as connection:
        moment = horizon.UTC_OF.format(local=f"TIMESTAMP '{local}'")
        ((found,),) = rows(connection, f"SELECT CAST({moment} AS CHAR)")
    return found


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-10-27 01:59:59", "2024-10-26 23:59:59"),
        ("2024-10-27 02:00:00", "2024-10-27 00:00:00"),
        ("2024-10-27 02:59:59", "2024-10-27 00:59:59"),
        ("2024-10-27 03:00:00", "2024-10-27 02:00:00"),
        ("2024-12-01 02:30:00", "2024-12-01 01:30:00"),
        ("2024-07-01 02:30:00", "2024-07-01 00:30:00"),
        ("2024-03-31 03:00:00", "2024-03-31 01:00:00"),
    ],
)
def test_a_start_in_the_hour_that_comes_twice_is_taken_for_the_earlier(berlin: MariaDb, local: str, utc: str) -> None:
    assert utc_of(berlin, local) == utc


def test_the_server_itself_would_take_it_for_the_later_and_the_horizon_would_be_an_hour_too_high(
    berlin: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "UTC_OF", horizon.SYSTEM_UTC)

    assert utc_of(berlin, "2024-10-27 02:30:00") == "2024-10-27 01:30:00"


def test_an_open_transaction_of_a_server_with_summer_time_holds_the_horizon(berlin: MariaDb) -> None:
    found, stamp = horizon_of_an_open_transaction(berlin)

    assert stamp - 3 * SECOND < found.at <= stamp


def horizon_of_an_open_transaction(server: MariaDb) -> tuple[Horizon, int]:
    prepare(server)
    with session(server) as late:
        late.execute("BEGIN")
        late.execute(STAMP)
        late.execute("SELECT MAX(at) FROM event")
        (stamped,) = late.fetchone()
        found = taken(server)
        late.execute("ROLLBACK")
    return found, micros(stamped)


@pytest.mark.fault("F15")
def test_the_time_zone_of_the_server_does_not_move_the_horizon(kolkata: MariaDb) -> None:
    found, stamp = horizon_of_an_open_transaction(kolkata)

    assert stamp - 3 * SECOND < found.at <= stamp


@pytest.mark.fault("F15", control=True)
def test_a_horizon_in_the_time_of_the_server_would_be_hours_off(
    kolkata: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "TRANSACTIONS", horizon.TRANSACTIONS.replace("'SYSTEM'", "'+00:00'"))
    monkeypatch.setattr(horizon, "_history", lambda _: ([], []))

    found, stamp = horizon_of_an_open_transaction(kolkata)

    assert found.at > stamp


def test_a_start_told_as_an_age_is_trusted_only_as_far_as_clocks_agree() -> None:
    now = 100_000 * SECOND
    day_old, fresh = horizon._aged([horizon.Held(now - 86_400 * SECOND, "a"), horizon.Held(now, "b")], now)

    assert now - 86_400 * SECOND - day_old.at >= 86 * SECOND, "timers drift by up to a part in a thousand"
    assert now - fresh.at == horizon.CLOCK_SLACK
