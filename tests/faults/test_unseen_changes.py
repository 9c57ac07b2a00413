"""Changes that no window shows, keys that move, schemas that change, runs that cross: unprotected, they hurt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import bronze, delta, pipeline
from lakehouse.contracts import Terminal
from lakehouse.extract import Extractor
from lakehouse.lake import State
from lakehouse.source import contract, horizon, reader
from tests.support.lab import Lab
from tests.support.things import STAMPED

pytestmark = pytest.mark.long
Open = Callable[..., Lab]


def pairs(world: Lab) -> list[tuple]:
    return sorted(row[:2] for row in world.in_bronze())


@pytest.mark.fault("F05", "F08", "F09", "F11", control=True)
def test_without_reconcile_no_window_shows_old_stamps_untouched_cursors_deletions_or_moved_keys(opened: Open) -> None:
    world = opened()
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1), (2, 2), (3, 3)")
    world.run()
    world.sql(
        "INSERT INTO thing VALUES (5, 5, NOW(6) - INTERVAL 1 HOUR)",
        "UPDATE thing SET value = 10, updated_at = updated_at WHERE id = 1",
        "DELETE FROM thing WHERE id = 2",
        "UPDATE thing SET id = 30 WHERE id = 3",
    )
    world.run()
    world.run()

    assert pairs(world) == [(1, 1), (2, 2), (3, 3), (30, 3)]


@pytest.mark.fault("F07", control=True)
def test_without_the_refusal_a_row_whose_cursor_is_null_is_lost_in_silence(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "_refuse_null_cursor", lambda *_: None)
    world = opened(ddl="CREATE TABLE thing (id INT PRIMARY KEY, value INT, updated_at TIMESTAMP(6) NULL)")
    world.sql("INSERT INTO thing VALUES (1, 1, NOW(6))")
    world.run()
    world.sql("INSERT INTO thing VALUES (2, 2, NULL)")
    world.run()

    assert pairs(world) == [(1, 1)]


@pytest.mark.fault("F10")
def test_a_key_deleted_and_inserted_again_between_runs_is_one_row_without_a_reconcile(opened: Open) -> None:
    world = opened()
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("DELETE FROM thing WHERE id = 1", "INSERT INTO thing (id, value) VALUES (1, 10)")
    world.run()

    assert world.holds_the_source()


@pytest.mark.fault("F10", control=True)
def test_without_the_choice_of_the_latest_version_the_key_is_there_twice(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened()
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("DELETE FROM thing WHERE id = 1", "INSERT INTO thing (id, value) VALUES (1, 10)")
    world.run()
    monkeypatch.setattr(bronze, "latest", lambda rows, *_: rows)

    assert pairs(world) == [(1, 1), (1, 10)]


def narrowed(world: Lab) -> None:
    world.sql("INSERT INTO thing (id, value) VALUES (1, 100)")
    world.run()
    world.sql("ALTER TABLE thing MODIFY value TINYINT", "UPDATE thing SET value = 5")


@pytest.mark.fault("F13")
def test_a_column_narrowed_between_runs_stops_the_table_by_name(opened: Open) -> None:
    world = opened()
    narrowed(world)
    before = world.state

    with pytest.raises(Terminal, match=r"column thing\.value is TINYINT .* in the source, declared INT"):
        world.run()
    assert world.state == before


@pytest.mark.fault("F13", control=True)
def test_without_the_look_at_the_schema_a_narrowed_column_goes_on_in_silence(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "check", lambda *_, **__: ())
    world = opened()
    narrowed(world)
    world.run()

    assert pairs(world) == [(1, 5)]


@pytest.mark.fault("F13")
def test_a_column_retyped_between_the_look_and_the_read_is_an_error_that_names_it(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, window = opened(), Extractor.window
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("UPDATE thing SET value = 2")
    before = world.state

    def retyped(*arguments: Any) -> Any:
        world.sql(
            "ALTER TABLE thing MODIFY value VARCHAR(20)", "UPDATE thing SET value = 'two', updated_at = updated_at"
        )
        return window(*arguments)

    monkeypatch.setattr(Extractor, "window", retyped)
    with pytest.raises(Exception, match=r"a value of value does not fit INT|safe to run again"):
        world.run()
    assert world.state == before


@pytest.mark.fault("F19", control=True)
def test_without_the_refusal_of_replicas_a_row_that_is_applied_late_is_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "_refuse_replica", lambda *_: None)
    world = opened()
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.sql("SET GLOBAL read_only = 1")
    try:
        world.run()
        world.sql("INSERT INTO thing VALUES (2, 2, NOW(6) - INTERVAL 1 MINUTE)")
        world.run()
    finally:
        world.sql("SET GLOBAL read_only = 0")

    assert pairs(world) == [(1, 1)]


def a_backfill_that_read_before_another_run(world: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backfill has read row 1; the row changes and another run carries it; then the backfill commits."""
    world.sql("INSERT INTO thing VALUES (1, 1, '2026-01-01 10:00:00')")
    world.run()
    world.sql("UPDATE thing SET value = 2, updated_at = updated_at")
    stage = reader.stage

    def then_another_run(*arguments: Any) -> reader.Staged:
        found = stage(*arguments)
        monkeypatch.setattr(reader, "stage", stage)
        world.sql("UPDATE thing SET value = 3")
        world.run()
        return found

    monkeypatch.setattr(reader, "stage", then_another_run)
    backfill = world.opened("backfill", since=date(2026, 1, 1), until=date(2026, 1, 2))
    pipeline.settle(lambda: pipeline._extract(backfill, "thing"))


@pytest.mark.fault("F37", "F40")
def test_a_backfill_that_read_before_another_run_brings_no_older_row_back(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened()

    a_backfill_that_read_before_another_run(world, monkeypatch)

    assert world.holds_the_source()
    assert pairs(world) == [(1, 3)]


@pytest.mark.fault("F37", "F39", "F40", control=True)
def test_without_the_swap_the_backfill_turns_the_row_back(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, frames = delta.commit, list[DataFrame]()

    def append(frame: DataFrame) -> Callable[[str], None]:
        frames.append(frame)
        return lambda _: None

    def unguarded(lake: Any, layer: Any, name: str, state: State, session: Any, _: Any) -> State:
        newest = lake.state(layer, name)
        later = replace(state, seq=newest.seq + 1 if newest else 1)
        rows = frames.pop().withColumn("_seq", F.lit(later.seq).cast("bigint"))
        return commit(
            lake, layer, name, later, session, lambda path: rows.write.format("delta").mode("append").save(path)
        )

    monkeypatch.setattr(delta, "append", append)
    monkeypatch.setattr(delta, "commit", unguarded)
    world = opened(STAMPED)

    a_backfill_that_read_before_another_run(world, monkeypatch)

    assert pairs(world) == [(1, 2)]
