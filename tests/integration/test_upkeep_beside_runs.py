"""Upkeep between runs and beside them: what runs make of the lake is what they make without it."""

import threading
import time
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import delta, pipeline, recompute, silver, upkeep
from lakehouse.lake import Lake, State
from lakehouse.upkeep import Upkeep
from lakehouse.upkeep_log import UpkeepRecord
from tests.integration.test_recompute import DAILY, SO_FAR, VERSIONS, Marts, on
from tests.support.aged import age
from tests.support.bronze import spark

LAYERS = ("bronze", "quarantine", "history", "silver")
WAIT_SECONDS = 120

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _small_tables_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recompute, "WORTH_ROWS", 0)


def tend(marts: Marts) -> dict[tuple[str, str], UpkeepRecord]:
    found = {(r.layer, r.table): r for r in Upkeep.of(marts.bench.lake).tend(marts.catalog)}
    assert not [record.error for record in found.values() if record.error]
    return found


def aged(marts: Marts, days: float) -> None:
    """The whole lake, so many days older."""
    for log in Path(marts.bench.lake.root).glob("*/*/_delta_log"):
        age(str(log.parent), days)


def played(folder: Path, *recipes: object) -> Marts:
    """A lake of some runs, whose tables are of many files."""
    marts = Marts(folder, *recipes)
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()
    for day in range(3):
        marts.changed(on(day, day + 20), on(day, 2)._replace(kind="green" if day == 1 else "red")).build()
    return marts


def content(marts: Marts) -> dict[str, list]:
    """All rows of all layers."""
    return {layer: marts.bench.rows(layer) for layer in LAYERS}


def test_after_upkeep_every_row_is_the_same_and_runs_marts_and_change_feeds_go_on(tmp_path: Path) -> None:
    calm, marts = (played(tmp_path / name, DAILY, VERSIONS, SO_FAR) for name in ("calm", "tended"))
    before = content(marts)

    found = tend(marts)

    assert found["bronze", "things"].files_before > found["bronze", "things"].files_after == 1
    assert found["silver", "things"].files_before > found["silver", "things"].files_after == 1
    assert content(marts) == before == content(calm)
    aged(marts, 30)
    assert sum(record.removed for record in tend(marts).values()) > 5
    assert content(marts) == before
    for each in (calm, marts):
        each.changed(on(5, 2), on(7, 3, deleted=True), on(1, 30))
    assert content(marts) == content(calm)
    states, expected = marts.build(), calm.build()
    for name, state in states.items():
        assert state.periods == expected[name].periods is not None, name
        assert marts.stored(name, state) == marts.whole(name) == calm.stored(name, expected[name]), name


def _behind(folder: Path) -> tuple[Marts, State, State]:
    """A lake in which the mart has not consumed the last two silver commits, and these are 30 days old."""
    marts = Marts(folder, DAILY)
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()
    marts.changed(on(5, 2)).changed(on(7, 3))
    aged(marts, 30)
    lake = marts.bench.lake
    consumed = lake.state("gold", "daily").inputs["things"]
    return marts, lake.state("silver", "things", consumed), lake.state("silver", "things")


def feed(lake: Lake, first: State, last: State) -> list:
    rows = delta.changes(spark(lake), lake, "silver", "things", first, last)
    return sorted(map(tuple, rows.select("id", "size", "_change_type").collect()))


def test_the_changes_that_a_mart_has_not_consumed_stay_and_it_is_built_from_them(tmp_path: Path) -> None:
    marts, first, last = _behind(tmp_path)
    before = feed(marts.bench.lake, first, last)

    found = tend(marts)

    assert found["silver", "things"].why == f"mart daily reads on from commit {first.seq}"
    assert feed(marts.bench.lake, first, last) == before and len(before) == 4
    state = marts.build()["daily"]
    assert state.periods == ("2024-01-02", "2024-01-03", "2024-01-06", "2024-01-08")
    assert marts.stored("daily", state) == marts.whole("daily")


def test_without_a_look_at_the_marts_these_changes_are_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    marts, first, last = _behind(tmp_path)
    monkeypatch.setattr(upkeep, "holds", lambda *_: {})

    assert tend(marts)["silver", "things"].removed

    with pytest.raises(Exception, match=r"(?i)does not exist|not.found|no such file"):
        feed(marts.bench.lake, first, last)


class Gate:
    """Stops the first MERGE into silver while its transaction is open, until it is let on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.on, self.merge = folder / "here", folder / "on", silver._merge
        folder.mkdir()
        monkeypatch.setattr(silver, "_merge", self._held)

    def _held(self, session: SparkSession, path: str, rows: DataFrame, key: tuple[str, ...]) -> None:
        stop = F.udf(_waiter(str(self.here), str(self.on)), "boolean").asNondeterministic()
        is_silver = path.endswith("curated/things")
        self.merge(session, path, rows.where(stop("_seq")) if is_silver else rows, key)

    def reached(self) -> bool:
        """Waits until the MERGE is under way."""
        began = time.monotonic()
        while not self.here.exists() and time.monotonic() - began < WAIT_SECONDS:
            time.sleep(0.05)
        return self.here.exists()


def _waiter(here: str, on: str) -> object:
    def wait(_: int) -> bool:
        Path(here).touch()
        began = time.monotonic()
        while not Path(on).exists() and time.monotonic() - began < WAIT_SECONDS:
            time.sleep(0.05)
        return True

    return wait


def _during_a_merge(marts: Marts, gate: Gate) -> list[BaseException]:
    """Upkeep comes and goes while a run merges into silver; what the run said of it."""
    said: list[BaseException] = []

    def step() -> object:
        try:
            return marts.bench.advance()
        except delta.Superseded as error:
            said.append(error)
            raise

    run = threading.Thread(target=lambda: pipeline.settle(step))
    run.start()
    assert gate.reached()
    tended = tend(marts)["silver", "things"]
    gate.on.touch()
    run.join(WAIT_SECONDS)
    assert not run.is_alive() and tended.files_before > tended.files_after
    return said


def test_a_run_whose_merge_upkeep_overtakes_plans_again_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm, marts = (played(tmp_path / name, DAILY) for name in ("calm", "tended"))
    change = [on(6, 2, 5), on(3, 4, deleted=True), on(2, 40)]
    calm.changed(*change)
    gate = Gate(tmp_path / "gate", monkeypatch)
    marts.bench.commit(change)

    said = _during_a_merge(marts, gate)

    assert [str(error) for error in said] == ["silver/things: superseded by another commit"]
    assert content(marts) == content(calm)
    state = marts.build()["daily"]
    assert marts.stored("daily", state) == marts.whole("daily")


def test_upkeep_that_a_run_overtakes_yields_and_tells_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calm, marts = (played(tmp_path / name, DAILY) for name in ("calm", "tended"))
    change, compacted = [on(6, 2, 5), on(3, 4, deleted=True), on(2, 40)], upkeep._compacted
    calm.changed(*change)

    def late(table: object, place: tuple[str, str]) -> int:
        """Upkeep has looked at silver; before it commits, a run does."""
        if place == ("silver", "things"):
            marts.changed(*change)
        return compacted(table, place)

    with monkeypatch.context() as patched:
        patched.setattr(upkeep, "_compacted", late)
        record = tend(marts)["silver", "things"]

    assert "a run committed to it meanwhile" in record.note
    assert content(marts) == content(calm)
    assert tend(marts)["silver", "things"].files_after == 1
    assert content(marts) == content(calm)
