"""What commits late, at a window's edge, in the future or while it is read is not lost (F01 to F06, F12, F41)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse import extract, pipeline, window
from lakehouse.contracts import Column
from lakehouse.source import reader
from lakehouse.source.select import literal
from lakehouse.window import Window, floor, micros
from tests.faults import bounds
from tests.support.lab import Lab
from tests.support.things import STAMPED, STAMPED_DDL

pytestmark = pytest.mark.long
Open = Callable[..., Lab]
DAY = timedelta(days=1) // timedelta(microseconds=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
WHOLE_SECONDS = replace(
    STAMPED, columns=(Column("id", "INT"), Column("value", "INT"), Column("updated_at", "TIMESTAMP"))
)


def keys(world: Lab) -> set[int]:
    return {row[0] for row in world.in_bronze()}


def held_across_three_runs(world: Lab) -> None:
    """A transaction inserts row 2 and commits after three runs, each of which had something else to read."""
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    with world.connection() as late:
        late.cursor().execute("INSERT INTO thing (id, value) VALUES (2, 2)")
        for number in range(10, 13):
            world.sql(f"INSERT INTO thing (id, value) VALUES ({number}, 0)")
            world.run()
            assert 2 not in keys(world)
        late.commit()
    world.run()


@pytest.mark.fault("F01", "F02")
def test_a_transaction_held_across_three_runs_loses_no_row(opened: Open) -> None:
    world = opened()

    held_across_three_runs(world)

    assert world.holds_the_source()


@pytest.mark.fault("F01", "F02", control=True)
def test_without_the_horizon_the_row_of_a_long_transaction_is_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "safe_horizon", bounds.clock)
    world = opened()

    held_across_three_runs(world)

    assert keys(world) == {1, 10, 11, 12}


@pytest.mark.fault("F03")
def test_what_commits_between_the_bound_and_the_read_is_not_lost(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    world, taken = opened(), []
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    safe_horizon = pipeline.safe_horizon
    with world.connection() as late:
        late.cursor().execute("INSERT INTO thing (id, value) VALUES (2, 2)")

        def then_commit(*arguments: object) -> object:
            taken.append(safe_horizon(*arguments))
            late.commit()
            world.sql("INSERT INTO thing (id, value) VALUES (3, 3)")
            return taken[0]

        monkeypatch.setattr(pipeline, "safe_horizon", then_commit)
        world.run()
    assert world.state is not None
    assert world.state.watermark < taken[0].at
    monkeypatch.setattr(pipeline, "safe_horizon", safe_horizon)
    world.run()

    assert world.holds_the_source()


@pytest.mark.fault("F03", control=True)
def test_with_a_bound_taken_after_the_snapshot_a_commit_between_them_is_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = opened()
    world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
    world.run()
    world.sql("INSERT INTO thing (id, value) VALUES (2, 2)")
    after = f"updated_at > {literal(world.state.watermark)}"
    snapshot = reader.stage(world.settings.source, STAMPED, after, str(tmp_path / "early"), "FALSE")
    world.sql("INSERT INTO thing (id, value) VALUES (3, 3)")
    with monkeypatch.context() as patch:
        patch.setattr(reader, "stage", lambda *_: snapshot)
        world.run()
    world.run()

    assert keys(world) == {1, 2}


def a_second_cut_by_the_bound(world: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows 1 and 2 have one stamp; the bound is taken in that second, and row 2 commits after it."""
    at = micros(NEW_YEAR)
    world.sql("INSERT INTO thing VALUES (0, 0, '2025-12-31')")
    monkeypatch.setattr(pipeline, "safe_horizon", bounds.fixed(at - DAY // 2))
    world.run()
    world.sql("INSERT INTO thing VALUES (1, 1, '2026-01-01 00:00:05')")
    monkeypatch.setattr(pipeline, "safe_horizon", bounds.fixed(at + 5_400_000))
    world.run()
    world.sql("INSERT INTO thing VALUES (2, 2, '2026-01-01 00:00:05')")
    monkeypatch.setattr(pipeline, "safe_horizon", bounds.fixed(at + 60_000_000))
    world.run()


@pytest.mark.fault("F04")
def test_a_second_that_the_bound_cuts_is_read_whole(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened(WHOLE_SECONDS, STAMPED_DDL.replace("(6)", "(0)"))

    a_second_cut_by_the_bound(world, monkeypatch)

    assert world.holds_the_source()


@pytest.mark.fault("F04", control=True)
def test_with_a_bound_inside_the_second_of_a_row_its_twin_is_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "bound", floor)
    world = opened(WHOLE_SECONDS, STAMPED_DDL.replace("(6)", "(0)"))

    a_second_cut_by_the_bound(world, monkeypatch)

    assert keys(world) == {0, 1}


@pytest.mark.fault("F06", control=True)
def test_with_the_newest_cursor_as_the_bound_the_future_poisons_the_watermark(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "safe_horizon", bounds.newest_cursor)
    world = opened()
    world.sql("INSERT INTO thing VALUES (1, 1, NOW(6)), (2, 2, NOW(6) + INTERVAL 1 DAY)")
    world.run()
    world.sql("INSERT INTO thing (id, value) VALUES (3, 3)")
    world.run()

    assert 3 not in keys(world)


def changed_in_mid_load(world: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the first chunk changes once that chunk is read; then the rest, then one more run."""
    world.sql("INSERT INTO thing (id, value) SELECT seq, 0 FROM seq_1_to_1500")
    stage, calls = reader.stage, []

    def then_update(*arguments: object) -> reader.Staged:
        calls.append(stage(*arguments))
        if len(calls) == 1:
            world.sql("UPDATE thing SET value = 9 WHERE id = 1")
        return calls[-1]

    with monkeypatch.context() as patch:
        patch.setattr(reader, "stage", then_update)
        loaded = world.opened()
        loaded.extractor("thing").load()
    assert len(calls) == 2
    run = world.opened()
    if run.extractor("thing").changed(world.state):
        run.extractor("thing").window()


@pytest.mark.fault("F12")
def test_a_row_that_changes_behind_the_load_is_read_by_the_next_run(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened(chunk_rows=1000)

    changed_in_mid_load(world, monkeypatch)

    assert world.holds_the_source()


@pytest.mark.fault("F12", control=True)
def test_with_a_watermark_from_the_end_of_the_load_the_change_is_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = extract.Extractor._load_plan

    def too_late(extractor: extract.Extractor) -> extract.LoadPlan:
        plan = planned(extractor)
        return replace(plan, horizon=plan.horizon + 600_000_000)

    monkeypatch.setattr(extract.Extractor, "_load_plan", too_late)
    world = opened(chunk_rows=1000)

    changed_in_mid_load(world, monkeypatch)

    assert {row[:2] for row in world.in_bronze() if row[0] == 1} == {(1, 0)}


def ten_days_later(world: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run, ten days of rows without a run, and one run."""
    world.sql("INSERT INTO thing VALUES (0, 0, '2025-12-31')")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "safe_horizon", bounds.fixed(micros(NEW_YEAR)))
        world.run()
        for day in range(1, 11):
            first, last = day * 10_000, day * 10_000 + 4_999
            stamp = f"'2026-01-01' + INTERVAL {day} DAY"
            world.sql(f"INSERT INTO thing SELECT seq, {day}, {stamp} FROM seq_{first}_to_{last}")
        patch.setattr(pipeline, "safe_horizon", bounds.fixed(micros(NEW_YEAR) + 11 * DAY))
        world.run()


@pytest.mark.fault("F41")
def test_one_run_catches_up_with_ten_days_in_a_reader_of_300_megabytes(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened()
    world = world.with_settings(source=world.settings.source.model_copy(update={"reader_memory_mb": 300}))

    ten_days_later(world, monkeypatch)

    assert world.state is not None
    assert world.state.seq == 2, "one window"
    assert world.holds_the_source()


@pytest.mark.fault("F41", control=True)
def test_with_a_look_back_of_a_day_instead_of_the_watermark_the_days_between_are_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "next_window", lambda _, horizon, *__: Window(horizon - 2 * DAY, horizon))
    world = opened()

    ten_days_later(world, monkeypatch)

    assert {row[1] for row in world.in_bronze()} == {0, 10}
