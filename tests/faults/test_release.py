"""The network, the server or another session fails a release: the old one is served, and the next makes it good."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
from sqlalchemy import Connection, event, text

from lakehouse.checksum import Checksum
from lakehouse.contracts import Terminal, Transient
from lakehouse.warehouse import evolution, postgres
from lakehouse.warehouse import release as releases
from tests.faults.release_site import Site

pytestmark = pytest.mark.timeout(120)


def before_statement(site: Site, words: str, act: Callable[[int], None], nth: int = 1) -> None:
    """Does something with the session's number before the n-th statement with these words is sent."""
    seen = iter(range(1, 1000))

    def listen(connection: object, cursor: object, statement: str, *_: object) -> None:
        if words in statement and next(seen) == nth:
            act(connection.connection.driver_connection.info.backend_pid)

    event.listen(site.engine, "before_cursor_execute", listen)


def killed(site: Site) -> Callable[[int], None]:
    def kill(pid: int) -> None:
        with site.direct.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    return kill


STEPS = {
    "the log is locked": ("LOCK TABLE", 1),
    "the stage is made": ("CREATE TEMPORARY", 1),
    "the rows that go are summed": ("SUM(", 1),
    "the old rows go": ("DELETE FROM", 1),
    "the new rows come": ("INSERT INTO", 1),
    "the new rows are compared with gold": ("SUM(", 2),
    "the second mart is swapped": ("DELETE FROM", 2),
    "the release is logged": ('INSERT INTO "presentation"."load_log"', 1),
}


@pytest.mark.fault("F54")
@pytest.mark.parametrize("step", STEPS)
def test_a_session_that_is_killed_when_leaves_the_old_release(site: Site, step: str) -> None:
    words, nth = STEPS[step]
    struck = []
    kill = killed(site)
    before_statement(site, words, lambda pid: (struck.append(pid), kill(pid)), nth)

    site.fails()

    assert struck


@pytest.mark.fault("F42")
def test_wherever_the_connection_breaks_the_old_release_is_served_and_the_next_is_whole(site: Site) -> None:
    broken = 0

    for place in range(1, 6000, 350):
        site.proxy.cut_after = place
        try:
            site.release(site.engine, site.states)
        except Transient:
            broken += 1
            assert site.is_old(), place
        else:
            break
        finally:
            site.engine.dispose()

    assert broken > 8
    assert site.is_new()


@pytest.mark.fault("F42", control=True)
def test_without_the_one_transaction_a_broken_connection_leaves_half_a_release(site: Site) -> None:
    def commit(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if "DELETE FROM" in statement:
            connection.connection.driver_connection.commit()

    event.listen(site.engine, "before_cursor_execute", commit)
    before_statement(site, "DELETE FROM", killed(site), 2)

    with pytest.raises(Transient):
        site.release(site.engine, site.states)

    assert not site.is_old() and not site.is_new()


@pytest.mark.fault("F43")
@pytest.mark.parametrize("after", [1000, 3500, 4500])
def test_a_warehouse_that_falls_silent_is_given_up_by_the_deadline(
    site: Site, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    site.proxy.silent_after = after
    with monkeypatch.context() as soon:
        for module, name in ((releases, "DEADLINE"), (releases, "ANSWER_SECONDS"), (evolution, "ANSWER_SECONDS")):
            soon.setattr(module, name, 3.0)
        began = time.monotonic()
        with pytest.raises(Transient):
            site.release(site.engine, site.states)
        assert time.monotonic() - began < 30

    assert site.is_old()


@pytest.mark.fault("F43", control=True)
def test_without_a_deadline_a_silent_warehouse_is_waited_for(site: Site) -> None:
    site.proxy.silent_after = 3500
    run = threading.Thread(target=site.release, args=(site.engine, site.states), daemon=True)

    run.start()
    run.join(8)

    assert run.is_alive()


def lose_the_answer(site: Site) -> None:
    """The answer to the COMMIT of the release is lost, and the connection."""
    logs = 'INSERT INTO "presentation"."load_log"'
    before_statement(site, logs, lambda _: setattr(site.proxy, "deaf_to", b"COMMIT\x00"))


@pytest.mark.fault("F44")
def test_a_commit_whose_answer_is_lost_is_found_in_the_log_and_not_made_twice(site: Site) -> None:
    lose_the_answer(site)

    site.release(site.engine, site.states)

    assert site.proxy.deaf_to is None
    assert site.is_new()


@pytest.mark.fault("F44", control=True)
def test_without_the_look_into_the_log_a_lost_answer_is_taken_for_a_failure(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "_is_logged", lambda *_: False)
    lose_the_answer(site)

    with pytest.raises(Transient):
        site.release(site.engine, site.states)

    assert site.is_new()


@pytest.mark.fault("F44")
def test_a_commit_that_never_arrived_is_not_taken_for_made(site: Site) -> None:
    kill = killed(site)
    event.listen(site.engine, "commit", lambda c: kill(c.connection.driver_connection.info.backend_pid))

    with pytest.raises(Transient):
        site.release(site.engine, site.states)

    assert site.is_old()


@pytest.mark.fault("F45")
def test_over_a_slow_line_a_release_takes_its_time_and_is_whole(site: Site) -> None:
    site.proxy.bytes_per_second = 2000

    site.release(site.engine, site.states)

    assert site.is_new()


@pytest.mark.fault("F45")
def test_a_release_over_a_line_that_crawls_ends_at_its_deadline(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    crawl(site)
    monkeypatch.setattr(releases, "DEADLINE", 3.0)
    began = time.monotonic()

    with pytest.raises(Transient):
        site.release(site.engine, site.states)

    assert time.monotonic() - began < 30
    assert site.is_old()


@pytest.mark.fault("F45", control=True)
def test_without_a_deadline_a_release_goes_on_as_long_as_the_line_crawls(site: Site) -> None:
    crawl(site)
    run = threading.Thread(target=site.release, args=(site.engine, site.states), daemon=True)

    run.start()
    run.join(8)

    assert run.is_alive()
    site.proxy.bytes_per_second = None
    run.join(60)
    assert site.is_new()


def crawl(site: Site) -> None:
    """From the stage on, the line carries a few bytes a second."""
    before_statement(site, "CREATE TEMPORARY", lambda _: setattr(site.proxy, "bytes_per_second", 100))


@pytest.mark.fault("F54")
def test_a_reader_who_locks_a_mart_is_waited_for_and_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT", "500ms")
    with site.direct.connect() as reader:
        reader.execute(text("LOCK TABLE presentation.guests IN SHARE MODE"))
        with pytest.raises(Transient, match="locked") as caught:
            site.release(site.engine, site.states)
        pid = reader.connection.driver_connection.info.backend_pid
    assert str(pid) in str(caught.value)
    assert site.is_old()

    site.release(site.engine, site.states)
    assert site.is_new()


@pytest.mark.fault("F54")
def test_a_reader_in_the_middle_of_a_long_query_neither_waits_nor_makes_the_release_wait(site: Site) -> None:
    with site.direct.connect() as reader:
        reader.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        first = reader.execute(text("SELECT count(*) FROM presentation.nights")).scalar()

        site.release(site.engine, site.states)

        assert reader.execute(text("SELECT count(*) FROM presentation.nights")).scalar() == first
    assert site.is_new()


@pytest.mark.fault("F54")
def test_a_server_without_disk_says_so_and_serves_the_old_release(site: Site) -> None:
    """Its answer is played by a trigger in the middle of the swap: the disk itself is not filled."""
    full = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END"
    with site.direct.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION presentation.full_() RETURNS trigger LANGUAGE plpgsql AS $${full}$$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER full_ BEFORE INSERT ON presentation.guests EXECUTE FUNCTION presentation.full_()"
        )
    with pytest.raises(Transient, match=r"lacks disk, .*could not extend file.*the old release is served"):
        site.release(site.engine, site.states)
    assert site.is_old()

    with site.direct.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION presentation.full_ CASCADE")
    site.release(site.engine, site.states)
    assert site.is_new()


@pytest.fixture
def small_disk(site: Site) -> Iterator[str]:
    """A tablespace on a disk of 96 kB."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "small", folder], check=True)
        try:
            shutil.chown(folder, "nobody")
            with site.direct.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{folder}'")
                yield "small"
                connection.exec_driver_sql("DROP SCHEMA presentation CASCADE")
                connection.exec_driver_sql("DROP TABLESPACE small")
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.fault("F54")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_on_a_disk_that_is_really_full_the_old_release_is_served(site: Site, small_disk: str) -> None:
    with site.direct.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE presentation.guests SET TABLESPACE {small_disk}")

    with pytest.raises(Transient, match=r"lacks disk, .*could not (extend|write).*the old release is served"):
        site.release(site.engine, site.states)

    assert site.is_old()
    with site.direct.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE presentation.guests SET TABLESPACE pg_default")
    site.release(site.engine, site.states)
    assert site.is_new()


@pytest.mark.fault("F55")
@pytest.mark.parametrize("twist", ["doubled", "cut short", "changed"])
def test_rows_that_are_staged_wrong_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch, twist: str) -> None:
    batches = releases.Rows.batches

    def twisted(rows: releases.Rows) -> Iterator[pa.RecordBatch]:
        for batch in batches(rows):
            notes = pa.array(["y"] * batch.num_rows)
            made = {"cut short": batch.slice(1), "changed": batch.set_column(2, "note", notes)}
            yield made.get(twist, batch)
            if twist == "doubled":
                yield batch

    monkeypatch.setattr(releases.Rows, "batches", twisted)
    with pytest.raises(Terminal, match=r"not released|a rule of the table is broken"):
        site.release(site.engine, site.states)
    assert site.is_old()


@pytest.mark.fault("F55", control=True)
def test_unverified_a_stage_that_was_cut_short_would_be_served(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = releases.Rows.batches
    monkeypatch.setattr(releases.Rows, "batches", lambda rows: (batch.slice(1) for batch in batches(rows)))
    monkeypatch.setattr(releases, "measure", lambda *_: Checksum(0, 0))
    monkeypatch.setattr(Checksum, "__eq__", lambda *_: True)

    site.release(site.engine, site.states)

    assert not site.is_old() and not site.is_new()
