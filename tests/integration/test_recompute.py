"""A mart is made anew only in the periods that a change reaches, and is always what a whole build would make."""

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import delta, gold, recompute
from lakehouse.checksum import Checksum
from lakehouse.contracts import Catalog, Mart, MartColumn, Recipe
from lakehouse.lake import State
from lakehouse.pins import frames, layer_of, pinned, speaks_of_day, stale
from tests.support.bronze import THINGS, Bench, Version, curation, spark

DAY_MINUTES = 24 * 60
FIRST = date(2024, 1, 1)
LATE = date(2024, 12, 31)
COLUMNS = (MartColumn("day", "DATE", ""),)


def _day(column: str) -> F.Column:
    return F.to_date(column).alias("day")


def _daily(things: DataFrame, as_of: date) -> DataFrame:
    live = things.where("_deleted_at IS NULL").select(_day("changed_at"), "size").where(F.col("day") <= F.lit(as_of))
    return live.groupBy("day").agg(F.count("*").alias("things"), F.sum("size").alias("size"))


def _days(changed: DataFrame) -> DataFrame:
    return changed.select(_day("changed_at"))


def _passed(things: DataFrame, was: date, as_of: date) -> DataFrame:
    days = F.sequence(F.lit(min(was, as_of)), F.lit(max(was, as_of)))
    return things.sparkSession.range(1).select(F.explode(days).alias("day"))


def _versions(things_history: DataFrame) -> DataFrame:
    return things_history.select("id", _day("valid_from"), "size")


def _begun(changed: DataFrame) -> DataFrame:
    return changed.select(_day("valid_from"))


def _so_far(versions: DataFrame) -> DataFrame:
    sums = versions.groupBy("day").agg(F.count("*").alias("made"))
    return sums.select("day", F.sum("made").over(Window.orderBy("day")).cast("BIGINT").alias("so_far"))


def _later(changed: DataFrame, versions: DataFrame) -> DataFrame:
    """A running sum: all days from the first that changed."""
    first = changed.agg(F.min("day").alias("first"))
    days = versions.select("day").union(changed.select("day"))
    return days.join(first, F.col("day") >= F.col("first")).select("day")


def _mart(name: str, build: object, inputs: tuple[str, ...], layer: str = "presentation", **reaches: object) -> Recipe:
    mart = Mart(name, ("day",), "", layer=layer, columns=COLUMNS, period="day")
    return Recipe(mart, build, inputs, "1", reaches)


DAILY = _mart("daily", _daily, ("things",), things=_days, as_of=_passed)
VERSIONS = _mart("versions", _versions, ("things_history",), "curated", things_history=_begun)
SO_FAR = _mart("so_far", _so_far, ("versions",), versions=_later)


class Marts:
    """A bench with marts made of its table."""

    def __init__(self, folder: Path, *recipes: Recipe) -> None:
        self.bench = Bench.of(folder, replace(THINGS, checks=()))
        self.catalog = Catalog({"things": curation(self.bench.table)}, {r.mart.name: r for r in recipes})

    def changed(self, *versions: Version, rules: str = "1") -> "Marts":
        self.bench.commit(versions)
        self.bench.advance(spec=curation(self.bench.table, rules))
        return self

    def build(self, as_of: date = LATE) -> dict[str, State]:
        """Builds all marts that are stale; what the newest commit of each says."""
        lake, catalog = self.bench.lake, self.catalog
        known = {name: lake.state(layer_of(recipe), name) for name, recipe in catalog.marts.items()}
        pins = pinned(lake, catalog, frozenset(catalog.marts), {}, as_of)
        found: dict[str, State] = {}
        for name, recipe in catalog.marts.items():
            state = known[name]
            if state is None or stale(state, recipe, pins):
                state = gold.build(spark(lake), lake, catalog, recipe, pins, state, "run")
            found[name], pins = state, pins.plus({name: state})
        return found

    def whole(self, name: str, as_of: date = LATE) -> tuple[list[tuple], Checksum]:
        """The mart as a whole build from the newest inputs makes it."""
        lake, recipe = self.bench.lake, self.catalog.marts[name]
        made = {m: s for m in self.catalog.marts if (s := lake.state(layer_of(self.catalog.marts[m]), m))}
        given = frames(
            spark(lake), lake, self.catalog, recipe, pinned(lake, self.catalog, frozenset([name]), made, as_of)
        )
        rows = recipe.build(**given, **({"as_of": as_of} if speaks_of_day(recipe) else {}))
        return sorted(map(tuple, rows.collect())), gold.judged(rows, recipe)

    def stored(self, name: str, state: State) -> tuple[list[tuple], Checksum]:
        """The mart as it stands in the lake, with the checksum that its commit names."""
        rows = delta.read(spark(self.bench.lake), self.bench.lake, layer_of(self.catalog.marts[name]), state, name)
        return sorted(map(tuple, rows.collect())), state.checksum


@pytest.fixture(autouse=True)
def _small_tables_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recompute, "WORTH_ROWS", 0)


def on(day: int, key: int, size: int = 1, *, deleted: bool = False) -> Version:
    """A version of a thing, changed on the n-th day."""
    return Version(key, "red", size, day * DAY_MINUTES, deleted)


def drawn(dice: random.Random) -> list[Version]:
    """What happens between two runs."""
    keys = dice.sample(range(1, 9), dice.randint(1, 3))
    return [on(dice.randrange(12), key, dice.randrange(9), deleted=dice.random() < 0.2) for key in keys]


def test_after_any_changes_a_mart_and_its_checksum_are_those_of_a_whole_build(tmp_path: Path) -> None:
    dice, marts = random.Random(7), Marts(tmp_path, DAILY, VERSIONS, SO_FAR)
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()
    partial = 0

    for number in range(4):
        as_of = FIRST + timedelta(days=dice.randrange(4, 12))
        states = marts.changed(*drawn(dice)).build(as_of)
        for name, state in states.items():
            partial += state.periods is not None
            assert marts.stored(name, state) == marts.whole(name, as_of), (number, name)

    assert partial >= 10


def test_one_changed_row_replaces_the_day_it_left_and_the_day_it_came_to_and_no_other(tmp_path: Path) -> None:
    marts = Marts(tmp_path, DAILY)
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()

    state = marts.changed(on(5, 2)).build()["daily"]

    assert state.periods == ("2024-01-02", "2024-01-06")
    assert marts.stored("daily", state) == marts.whole("daily")


def test_a_change_that_reaches_no_period_is_consumed_and_writes_no_row(tmp_path: Path) -> None:
    marts = Marts(tmp_path, DAILY)
    before = marts.changed(on(1, 1)).build()["daily"]

    state = marts.changed(on(2, 2)._replace(kind="unknown, so it goes to quarantine")).build()["daily"]

    assert (state.inputs["things"], state.periods, state.checksum) == (before.inputs["things"] + 1, (), before.checksum)


def test_a_reach_that_says_too_little_is_found_by_the_comparison(tmp_path: Path) -> None:
    """The negative control: only the new row's day is rebuilt, not the one that it left."""
    new_only = lambda changed: _days(changed.where("_change_type <> 'update_preimage'"))  # noqa: E731
    marts = Marts(tmp_path, replace(DAILY, reaches=DAILY.reaches | {"things": new_only}))
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()

    state = marts.changed(on(5, 2)).build()["daily"]

    assert marts.stored("daily", state) != marts.whole("daily")


@pytest.mark.long
def test_other_code_builds_the_mart_whole(tmp_path: Path) -> None:
    marts = Marts(tmp_path, DAILY)
    marts.changed(on(1, 1), on(2, 2)).build()
    marts.catalog = Catalog(marts.catalog.tables, {"daily": replace(DAILY, fingerprint="2")})

    assert marts.changed(on(1, 3)).build()["daily"].periods is None


def test_an_input_that_was_judged_anew_by_other_rules_builds_the_mart_whole(tmp_path: Path) -> None:
    marts = Marts(tmp_path, DAILY)
    marts.changed(on(1, 1), on(2, 2)).build()

    state = marts.changed(on(1, 3), rules="2").build()["daily"]

    assert state.periods is None
    assert marts.stored("daily", state) == marts.whole("daily")


@pytest.mark.long
def test_a_mart_without_a_reach_for_the_input_that_changed_is_built_whole(tmp_path: Path) -> None:
    marts = Marts(tmp_path, replace(DAILY, reaches={"as_of": _passed}))
    marts.changed(on(1, 1), on(2, 2)).build()

    assert marts.changed(on(1, 3)).build()["daily"].periods is None


def test_a_change_that_reaches_very_many_periods_builds_the_mart_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marts = Marts(tmp_path, DAILY)
    marts.changed(on(1, 1), on(2, 2)).build()
    monkeypatch.setattr(recompute, "MOST_PERIODS", 2)

    assert marts.changed(on(3, 3), on(4, 4), on(5, 5)).build()["daily"].periods is None
    assert len(marts.changed(on(6, 6), on(7, 7)).build()["daily"].periods or ()) == 2


@pytest.mark.long
def test_a_table_whose_changes_are_not_told_builds_the_mart_whole(tmp_path: Path) -> None:
    """A lake that an older version of ours has made."""
    marts = Marts(tmp_path, DAILY)
    marts.changed(on(1, 1), on(2, 2)).build()
    path = marts.bench.lake.spark_path("silver", "things")
    spark(marts.bench.lake).sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{delta.FEED}' = 'false')")

    state = marts.changed(on(1, 3)).build()["daily"]

    assert state.periods is None
    assert marts.stored("daily", state) == marts.whole("daily")


def test_a_mart_of_small_tables_is_built_whole_which_is_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute, "WORTH_ROWS", 3)
    marts = Marts(tmp_path, DAILY)
    marts.changed(on(1, 1), on(2, 2)).build()

    assert marts.changed(on(3, 1)).build()["daily"].periods is None
    assert marts.changed(on(4, 4)).build()["daily"].periods == ("2024-01-05",)


@pytest.mark.long
def test_a_mart_that_missed_runs_takes_all_changes_since_it_was_built(tmp_path: Path) -> None:
    marts = Marts(tmp_path, DAILY)
    marts.changed(*[on(day, day + 1) for day in range(8)]).build()

    state = marts.changed(on(5, 2)).changed(on(7, 2)).changed(on(0, 1, 5)).build()["daily"]

    assert state.periods == ("2024-01-01", "2024-01-02", "2024-01-06", "2024-01-08")
    assert marts.stored("daily", state) == marts.whole("daily")
