"""How changes are found: snapshots by key range for any key, the guard against mass deletion, cursors that lie."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import bronze, delta, extract, session
from lakehouse.checksum import NOTHING
from lakehouse.contracts import Column, Snapshot, Table, Terminal, Transient
from lakehouse.lake import Lake
from lakehouse.source import ranges
from lakehouse.source.connection import connect
from lakehouse.window import micros
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL

Open = Callable[..., Lab]

TEXT_KEYED = Table(
    "rate", ("place", "code"), Snapshot(),
    (Column("place", "VARCHAR(20)"), Column("code", "VARCHAR(20)"), Column("price", "INT")),
)  # fmt: skip
TEXT_KEYED_DDL = "CREATE TABLE rate (place VARCHAR(20), code VARCHAR(20), price INT, PRIMARY KEY (place, code))"
PLAIN = replace(STAMPED, strategy=Snapshot())


@pytest.fixture
def opened(source_server: MariaDb, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(table: Table, ddl: str, **settings: object) -> Lab:
            return stack.enter_context(lab(source_server, str(tmp_path / "lake"), table, ddl, **settings))

        yield make


def test_a_snapshot_of_a_composite_text_key_reads_again_only_what_differs(opened: Open) -> None:
    world = opened(TEXT_KEYED, TEXT_KEYED_DDL, range_rows=100)
    world.sql("INSERT INTO rate SELECT CONCAT('Zürich ', seq % 7), CONCAT('c', seq), seq FROM seq_1_to_1000")
    world.run()
    assert world.holds_the_source()

    world.sql(
        "UPDATE rate SET price = -1 WHERE code = 'c17'",
        "DELETE FROM rate WHERE code = 'c18'",
        "INSERT INTO rate VALUES ('', '', 0)",
        "UPDATE rate SET code = 'C19' WHERE code = 'c19'",
    )
    record = world.run()

    assert record is not None
    assert (record.new, record.deleted) == (3, 2)
    assert record.read <= 1000 * 5 / 16 * 1.5, "at most five of sixteen ranges differ"
    assert world.holds_the_source()
    assert world.run() is None


def test_hundreds_of_differing_hashed_ranges_are_read_with_one_hash_per_row(opened: Open) -> None:
    world = opened(TEXT_KEYED, TEXT_KEYED_DDL)
    world.sql("INSERT INTO rate SELECT CONCAT('Zürich ', seq % 7), CONCAT('c', seq), seq FROM seq_1_to_5000")
    with connect(world.settings.source) as connection:
        cuts = ranges.bounds(connection, TEXT_KEYED, 20)
        differing = ranges.pairs(cuts)[::2]
        where = ranges.among(TEXT_KEYED, differing)
        expected = sum((r.checksum for r in ranges.sums(connection, TEXT_KEYED, cuts, None)[::2]), NOTHING)

        assert len(differing) == 128
        assert (where.count("MD5"), where.count(" OR ")) == (1, 0)
        assert ranges.where_sum(connection, TEXT_KEYED, where) == expected
        assert ranges.among(TEXT_KEYED, ranges.pairs(cuts)) == "TRUE"
        assert ranges.among(TEXT_KEYED, []) == "FALSE"
    world.run()
    spark, lake = session.spark(world.settings), Lake.of(world.settings)
    live = delta.read(spark, lake, "bronze", world.state, "rate")
    assert bronze.in_ranges(live, TEXT_KEYED, differing).count() == expected.rows


@pytest.mark.fault("F08")
def test_two_equal_flips_in_one_range_are_found(opened: Open) -> None:
    world = opened(PLAIN, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) SELECT seq, 0 FROM seq_1_to_100")
    world.run()
    crc = "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|', id, value, updated_at))) FROM thing"
    before = answer(world, crc)

    world.sql("UPDATE thing SET value = 1, updated_at = updated_at WHERE id IN (20, 21)")

    assert answer(world, crc) == before, "a weaker checksum misses it"
    world.run()
    assert world.holds_the_source()


def answer(world: Lab, sql: str) -> tuple:
    with world.connection() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


@pytest.mark.fault("F09")
def test_a_mass_deletion_stops_the_table_before_harm_and_is_carried_once_it_is_declared(opened: Open) -> None:
    world = opened(PLAIN, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_1000")
    world.run()
    before = world.state

    world.sql("DELETE FROM thing WHERE id > 700")
    with pytest.raises(Terminal, match=r"300 of 1000 live rows are gone .* share 0\.2; nothing was written"):
        world.run()
    assert world.state == before

    meant = replace(world, table=replace(PLAIN, max_delete_share=0.3))
    record = meant.run()
    assert record is not None
    assert record.deleted == 300
    assert world.holds_the_source()


@pytest.mark.fault("F09", control=True)
def test_without_the_guard_a_truncated_table_would_be_emptied(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened(PLAIN, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_200")
    world.run()
    world.sql("DELETE FROM thing")
    with pytest.raises(Terminal, match="200 of 200 live rows are gone"):
        world.run()

    monkeypatch.setattr(extract, "FREE_DELETES", 1_000)
    world.run()

    assert world.in_bronze() == []


@pytest.mark.fault("F10", "F11")
def test_a_deleted_and_reinserted_key_is_there_once_and_a_changed_key_moves(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1), (2, 2), (3, 3)")
    world.run()

    world.sql("DELETE FROM thing WHERE id = 1", "INSERT INTO thing (id, value) VALUES (1, 10)")
    world.sql("UPDATE thing SET id = 30 WHERE id = 3")
    world.run("reconcile")

    assert world.holds_the_source()
    assert {row[:2] for row in world.in_bronze()} == {(1, 10), (2, 2), (30, 3)}


def test_more_rows_than_can_be_set_aside_stop_a_comparison_which_then_works_once_they_are_read(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) SELECT seq, 0 FROM seq_1_to_20")
    world.run()
    compared = world.opened().extractor("thing")
    world.sql("UPDATE thing SET value = 1 WHERE id <= 11")
    monkeypatch.setattr(ranges, "MOST_MOVED", 10)

    with pytest.raises(
        Transient, match=r"more than 10 rows have a `updated_at` above the mark .* run again, which reads"
    ):
        compared.compare()
    monkeypatch.setattr(ranges, "MOST_MOVED", 11)
    there, here = compared.compare()
    assert there == here
    assert sum(r.checksum.rows for r in there) == 9
    monkeypatch.setattr(ranges, "MOST_MOVED", 10)
    world.run("reconcile")
    assert world.holds_the_source()


@pytest.mark.fault("F06")
def test_a_cursor_in_the_future_does_not_poison_the_watermark(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing VALUES (1, 1, NOW(6)), (2, 2, NOW(6) + INTERVAL 1 DAY)")
    world.run()
    assert world.state is not None
    assert world.state.watermark < micros(answer(world, "SELECT UTC_TIMESTAMP(6)")[0])

    world.sql("INSERT INTO thing (id, value) VALUES (3, 3)")
    world.run("reconcile")
    assert {row[0] for row in world.in_bronze()} == {1, 3}, "the row of tomorrow waits for its time"

    world.sql("UPDATE thing SET updated_at = NOW(6) WHERE id = 2")
    world.run()
    assert world.holds_the_source()


@pytest.mark.fault("F05")
def test_a_row_stamped_in_the_past_is_found_by_reconcile(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("INSERT INTO thing VALUES (2, 2, NOW(6) - INTERVAL 1 HOUR)")

    assert world.run() is None or not world.holds_the_source(), "no window can see it"
    world.run("reconcile")

    assert world.holds_the_source()


@pytest.mark.fault("F07")
def test_a_cursor_that_is_null_is_refused_also_when_it_turns_up_later(opened: Open) -> None:
    world = opened(STAMPED, "CREATE TABLE thing (id INT PRIMARY KEY, value INT, updated_at TIMESTAMP(6) NULL)")
    world.sql("INSERT INTO thing VALUES (1, 1, NOW(6))")
    world.run()
    (note,) = world.opened().extractor("thing").check()
    assert "CREATE INDEX `updated_at_idx` ON `thing` (`updated_at`)" in note
    world.sql("INSERT INTO thing VALUES (2, 2, NULL)")

    with pytest.raises(Terminal, match="the cursor updated_at is NULL in some rows, which no window would find"):
        world.run()


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE thing (id INT, value INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6))",
        "CREATE TABLE thing (id INT, value INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6), UNIQUE (id))",
        "CREATE TABLE thing (id INT NOT NULL, value INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6), KEY (id))",
    ],
    ids=["none", "nullable", "not unique"],
)
def test_a_key_that_nothing_makes_unique_is_refused_before_anything_is_written(opened: Open, ddl: str) -> None:
    world = opened(STAMPED, ddl)
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1), (1, 2)" if "UNIQUE" not in ddl else "DO 1")

    with pytest.raises(Terminal, match=r"no unique index without NULLs makes \(`id`\) a key; ALTER TABLE `thing`"):
        world.run()
    assert world.state is None


@pytest.mark.parametrize(("kind", "value"), [("DATE", "'2026-01-01'"), ("INT", "7")])
def test_a_cursor_that_is_no_moment_is_refused_before_anything_is_written(opened: Open, kind: str, value: str) -> None:
    columns = (Column("id", "INT"), Column("value", "INT"), Column("updated_at", kind))
    world = opened(
        replace(STAMPED, columns=columns),
        f"CREATE TABLE thing (id INT PRIMARY KEY, value INT, updated_at {kind} NOT NULL)",
    )
    world.sql(f"INSERT INTO thing VALUES (1, 1, {value})")

    with pytest.raises(Terminal, match=rf"the cursor updated_at is {kind}, no moment .*; declare Snapshot"):
        world.run()
    assert world.state is None


@pytest.mark.fault("F15")
def test_a_datetime_cursor_of_a_server_that_is_not_in_utc_is_refused_unless_it_is_declared_to_be(opened: Open) -> None:
    columns = (Column("id", "INT"), Column("value", "INT"), Column("updated_at", "DATETIME(6)"))
    world = opened(replace(STAMPED, columns=columns), STAMPED_DDL.replace("TIMESTAMP(6)", "DATETIME(6)"))
    assert world.opened().extractor("thing").check() == ()
    world.sql("SET GLOBAL time_zone = '-05:00'")
    try:
        with pytest.raises(Terminal, match=r"DATETIME and the server's time zone is not UTC \(-18000 s apart\)"):
            world.opened().extractor("thing").check()
        source = world.settings.source.model_copy(update={"datetime_is_utc": True})
        assert world.with_settings(source=source).opened().extractor("thing").check() == ()
    finally:
        world.sql("SET GLOBAL time_zone = 'SYSTEM'")


@pytest.mark.fault("F40")
def test_a_backfill_begins_at_midnight_and_ends_before_it(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing VALUES (1, 1, '2026-01-01 00:00:00'), (2, 2, '2026-01-02 00:00:00')")
    world.run()
    world.sql("UPDATE thing SET value = -1, updated_at = updated_at")

    found = world.run("backfill", since=date(2026, 1, 1), until=date(2026, 1, 2))

    assert found is not None
    assert (found.read, found.new) == (1, 1)
    assert {row[:2] for row in world.in_bronze()} == {(1, -1), (2, 2)}
    with pytest.raises(Terminal, match="is not before"):
        world.opened("backfill", since=date(2026, 1, 2), until=date(2026, 1, 2))


@pytest.mark.fault("F04")
def test_many_rows_with_one_timestamp_are_never_cut(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL, chunk_rows=1000)
    world.sql("INSERT INTO thing SELECT seq, seq, '2026-01-01 00:00:00.5' FROM seq_1_to_5000")
    world.run()
    assert world.holds_the_source()

    world.sql("SET @now = NOW(6)", "UPDATE thing SET value = -1, updated_at = @now WHERE id % 2 = 0")
    world.run()

    assert world.holds_the_source()


@pytest.mark.fault("F12")
def test_rows_that_change_while_they_are_read_are_neither_lost_nor_doubled(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL, chunk_rows=1000)
    world.sql("INSERT INTO thing (id, value) SELECT seq, 0 FROM seq_1_to_4000")
    stop = threading.Event()

    def update() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            world.sql(f"UPDATE thing SET value = {turn} WHERE id % 97 = {turn % 97}")

    thread = threading.Thread(target=update)
    thread.start()
    try:
        world.run()
        world.run()
    finally:
        stop.set()
        thread.join()
    world.run()

    assert world.holds_the_source()


@pytest.mark.fault("F40")
def test_a_backfill_leaves_the_mark_and_brings_no_older_row_back(opened: Open) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing VALUES (1, 1, '2026-01-01 10:00:00'), (2, 2, '2026-01-05 10:00:00')")
    world.run()
    world.sql(
        "UPDATE thing SET value = 11 WHERE id = 1", "UPDATE thing SET value = 22, updated_at = updated_at WHERE id = 2"
    )
    world.run()
    before = world.state

    record = world.run("backfill", since=date(2026, 1, 1), until=date(2026, 1, 10))

    assert record is not None
    assert (record.read, record.new) == (1, 1), "the row that changed with an untouched cursor"
    assert world.state is not None
    assert before is not None
    assert world.state.watermark == before.watermark
    assert world.holds_the_source()


@pytest.mark.fault("F13")
def test_a_column_that_changes_during_the_read_is_a_retry_and_then_an_error_that_names_it(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened(STAMPED, STAMPED_DDL)
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("UPDATE thing SET value = 2")
    before, window = world.state, extract.Extractor.window

    def altered(*arguments: object) -> extract.Extraction:
        world.sql("ALTER TABLE thing RENAME COLUMN value TO amount")
        return window(*arguments)

    monkeypatch.setattr(extract.Extractor, "window", altered)
    with pytest.raises(Exception, match=r"safe to run again|does not exist"):
        world.run()
    monkeypatch.setattr(extract.Extractor, "window", window)
    with pytest.raises(Terminal, match=r"column thing\.value is missing in the source; was it dropped or renamed"):
        world.run()

    assert world.state == before
