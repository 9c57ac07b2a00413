"""A mart that is rebuilt only where a change reaches is what a whole build would make."""

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contracts import Recipe
from lakehouse.recompute import touched
from tests.transforms.drawn import framed
from tests.transforms.stories import Chapter, Row, story
from tests.transforms.worlds import SCHEMAS
from transforms import catalog

MARTS = {name: recipe for name, recipe in catalog().marts.items() if recipe.mart.period}
DECLARED = {(mart, cause) for mart, recipe in MARTS.items() for cause in recipe.reaches}
TOLD_TWICE = {
    ("cancellations_monthly", "bookings"),
    ("cancellations_monthly", "exchange_rates"),
    ("gross_booking_value_daily", "bookings"),
}
COVERED = {("cancellations_monthly", "bookings")}  # its history changes with a booking, and reaches the same months
DDL = SCHEMAS | {name: ", ".join(f"{c.name} {c.type}" for c in MARTS[name].mart.columns) for name in ("stay_nights",)}
ONLY = "only"
CHANGED = ", _change_type STRING, _commit_version BIGINT"
FOUND = {
    0: "a-month-that-is-asked-for-and-is-the-year-before-of-another",
    61: "a-listing-found-deleted-before-its-last-version-began",
    103: "a-listing-whose-creation-was-corrected-on-its-first-day",
}
QUICK = {*range(30), *FOUND}
SEEDS = [pytest.param(n, id=FOUND.get(n, str(n)), marks=[] if n in QUICK else [pytest.mark.long]) for n in range(332)]


@dataclass(frozen=True)
class Read:
    """What the marts read of a chapter, as frames."""

    chapter: Chapter
    frames: dict[str, DataFrame]
    images: dict[str, DataFrame]

    def touched(self, recipe: Recipe) -> DataFrame | None:
        """The periods that the change reaches and, for each, the input by which; None: all periods."""
        seen = {name: self.images[name] for name in recipe.inputs if name in self.images}
        told = replace(recipe, reaches={cause: _telling(reach, cause) for cause, reach in recipe.reaches.items()})
        return touched(told, self.frames, seen, self.chapter.was, self.chapter.as_of)

    def rebuilt(self, recipe: Recipe, periods: set[date]) -> DataFrame:
        """The rows of these periods."""
        wanted = inspect.signature(recipe.build).parameters
        given = self.frames | {"as_of": self.chapter.as_of, ONLY: sorted(periods)}
        rows = recipe.build(**{name: value for name, value in given.items() if name in wanted})
        return rows.where(F.col(str(recipe.mart.period)).isin(periods))

    def is_affected(self, recipe: Recipe) -> bool:
        """An input of the mart is another than it was."""
        passed = self.chapter.was != self.chapter.as_of and "as_of" in inspect.signature(recipe.build).parameters
        return passed or any(name in self.images for name in recipe.inputs)


def _telling(reach: Callable[..., DataFrame], cause: str) -> Callable[..., DataFrame]:
    @functools.wraps(reach)
    def told(**given: Any) -> DataFrame:
        return reach(**given).withColumn("cause", F.lit(cause))

    return told


def read(spark: SparkSession, chapter: Chapter) -> Read:
    frames = {name: framed(spark, ddl, chapter.after[name]) for name, ddl in DDL.items() if name in chapter.after}
    images = {name: framed(spark, DDL[name] + CHANGED, rows) for name, rows in chapter.images.items()}
    return Read(chapter, frames, images)


def at_once(work: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
    """What comes of each name, some of them worked on at the same time."""
    names = list(names)
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(work, names), strict=True))


def reached(given: Read, marts: Iterable[str] = MARTS) -> dict[str, dict[date, set[str]] | None]:
    """Per mart that may be another: the periods that a change reaches and the inputs by which; None: all periods."""

    def work(name: str) -> dict[date, set[str]] | None:
        periods = given.touched(MARTS[name])
        if periods is None:
            return None
        found: dict[date, set[str]] = {}
        for period, cause in periods.collect():
            found.setdefault(period, set()).add(cause)
        return found

    return at_once(work, [name for name in marts if given.is_affected(MARTS[name])])


def apart(mart: str, rows: list[Row], periods: Iterable[date]) -> tuple[Counter, Counter]:
    """The rows of a mart within these periods, and outside of them."""
    within, outside = Counter(), Counter()
    for row in rows:
        (within if row[MARTS[mart].mart.period] in periods else outside)[tuple(row.items())] += 1
    return within, outside


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_rebuilt_where_a_change_reaches_and_kept_elsewhere_is_a_whole_build(
    spark: SparkSession, seed: int
) -> None:
    for chapter in story(seed):
        given = read(spark, chapter)
        periods = {mart: set(found) for mart, found in reached(given).items() if found is not None}
        rebuilt = at_once(
            lambda mart, given=given, periods=periods: given.rebuilt(MARTS[mart], periods[mart]).collect(),
            [mart for mart, found in periods.items() if found],
        )
        for mart, found in periods.items():
            _, kept = apart(mart, chapter.before[mart], found)
            wanted, untouched = apart(mart, chapter.after[mart], found)
            assert kept == untouched, mart
            assert Counter(tuple(row.asDict().items()) for row in rebuilt.get(mart, [])) == wanted, mart


@pytest.mark.parametrize(
    "mart", [n for n, recipe in MARTS.items() if ONLY in inspect.signature(recipe.build).parameters]
)
def test_the_periods_asked_for_are_no_input_and_may_be_none(spark: SparkSession, mart: str) -> None:
    recipe = MARTS[mart]
    rows = read(spark, next(story(0))).rebuilt(recipe, set())

    assert ONLY not in recipe.inputs
    assert rows.columns == [column.name for column in recipe.mart.columns]
    assert rows.isEmpty()


def test_a_reach_that_alone_tells_of_a_change_is_one_without_which_some_story_goes_wrong() -> None:
    told = {(mart, *causes) for _, mart, causes in shown(range(300), DECLARED) if len(causes) == 1}

    assert DECLARED - told == TOLD_TWICE


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("mart", "cause"), sorted(TOLD_TWICE))
def test_of_the_reaches_that_never_tell_alone_those_are_needed_that_no_other_one_covers(
    spark: SparkSession, mart: str, cause: str
) -> None:
    needed = any(
        cause in causes_missed(chapter, mart, reached(read(spark, chapter), [mart])[mart] or {})
        for chapter, _, causes in shown(range(300), {(mart, cause)})
        if cause in causes
    )
    assert needed is ((mart, cause) not in COVERED)


def shown(seeds: Iterable[int], wanted: set[tuple[str, str]]) -> Iterator[tuple[Chapter, str, set[str]]]:
    """The changes by which one of these marts becomes another, and what of its inputs changed."""
    for seed in seeds:
        for chapter in story(seed):
            for mart in sorted({mart for mart, _ in wanted}):
                causes = set(MARTS[mart].inputs) & chapter.images.keys()
                if chapter.was != chapter.as_of and "as_of" in inspect.signature(MARTS[mart].build).parameters:
                    causes.add("as_of")
                if differing(chapter, mart):
                    yield chapter, mart, causes


def differing(chapter: Chapter, mart: str) -> set[date]:
    """The periods in which a mart is another than it was."""
    before, after = (Counter(tuple(row.items()) for row in rows[mart]) for rows in (chapter.before, chapter.after))
    return {dict(row)[MARTS[mart].mart.period] for row in (before - after) + (after - before)}


def causes_missed(chapter: Chapter, mart: str, found: dict[date, set[str]]) -> set[str]:
    """The inputs of which a mart must know that they changed: some period differs that no other one reaches."""
    differs = differing(chapter, mart)
    return {next(iter(found[period])) for period in differs & found.keys() if len(found[period]) == 1}
