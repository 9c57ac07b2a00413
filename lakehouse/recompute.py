"""Which periods of a mart must be made anew: those that the changes of its inputs reach, as its file declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import delta
from lakehouse.contracts import Catalog, Recipe
from lakehouse.lake import Lake, State, replaced
from lakehouse.pins import AS_OF, Pins, frames, location, speaks_of_day

MOST_PERIODS, WORTH_ROWS = 100, 500_000
TYPE, COMMIT = "_change_type", "_commit_version"


@dataclass(frozen=True)
class Change:
    """An input's way from the commit that a mart has consumed, the first, to the one that it is to read."""

    name: str
    commits: tuple[State, ...]

    @property
    def periods(self) -> frozenset[date] | None:
        """Of an input that is a mart, the periods that differ; None: perhaps all of them."""
        return replaced(self.commits[1:])


def reached(
    session: SparkSession, lake: Lake, catalog: Catalog, recipe: Recipe, pins: Pins, before: State | None
) -> tuple[date, ...] | None:
    """The periods of a mart that must be made anew behind `before`, in order; None where all of it must be.

    All of it, too, where its inputs are so small that to ask for the periods costs more than to build them.
    """
    if before is None or recipe.mart.period is None or before.fingerprint != recipe.fingerprint or not before.as_of:
        return None
    if sum(lake.count(*location(name, catalog)) for name in recipe.inputs) < WORTH_ROWS:
        return None
    images: dict[str, DataFrame] = {}
    for name in recipe.inputs:
        known, wanted = before.inputs.get(name, 0), pins.states[name].seq
        if known == wanted:
            continue
        change = Change(name, lake.commits(*location(name, catalog), known, wanted))
        image = _image(session, lake, catalog, change)
        if image is None:
            return None
        images[name] = image
    was = date.fromisoformat(before.as_of)
    if not images and (was == pins.as_of or not speaks_of_day(recipe)):
        return ()
    found = touched(recipe, frames(session, lake, catalog, recipe, pins), images, was, pins.as_of)
    if found is None:
        return None
    days = [row[0] for row in found.distinct().limit(MOST_PERIODS + 1).collect()]
    return tuple(sorted(days)) if len(days) <= MOST_PERIODS else None


def _image(session: SparkSession, lake: Lake, catalog: Catalog, change: Change) -> DataFrame | None:
    """The rows of an input before and after the change, as the change feed tells them; None where nothing tells."""
    if not change.commits:
        return None
    layer, table = location(change.name, catalog)
    first, last = change.commits[0], change.commits[-1]
    if change.name not in catalog.marts:
        merged = all(commit.kind == delta.MERGE for commit in change.commits[1:])
        return delta.changes(session, lake, layer, table, first, last) if merged else None
    if change.periods is None:
        return None
    differs = F.col(str(catalog.marts[change.name].mart.period)).isin([*change.periods])
    old, new = (delta.read(session, lake, layer, state, table).where(differs) for state in (first, last))
    both = old.withColumn(TYPE, F.lit("delete")).unionByName(new.withColumn(TYPE, F.lit("insert")))
    return both.withColumn(COMMIT, F.lit(last.version))


def touched(
    recipe: Recipe, given: Mapping[str, DataFrame], images: Mapping[str, DataFrame], was: date, as_of: date
) -> DataFrame | None:
    """The periods to rebuild, one column and maybe repeated; None where the whole mart must be.

    Args:
        recipe: The mart.
        given: Its inputs, as they are now.
        images: Of the inputs that changed, the rows before and after, with `_change_type` and `_commit_version`.
        was: The as-of day of the mart as it stands.
        as_of: The as-of day to rebuild it for.
    """
    causes = [*images] + ([AS_OF] if was != as_of and speaks_of_day(recipe) else [])
    if recipe.mart.period is None or not causes or any(cause not in recipe.reaches for cause in causes):
        return None
    found = []
    for cause in causes:
        known = {**given, "changed": images.get(cause), "was": was, AS_OF: as_of}
        function = recipe.reaches[cause]
        found.append(function(**{name: known[name] for name in inspect.signature(function).parameters}))
    return reduce(DataFrame.unionAll, found).where(f"{recipe.mart.period} IS NOT NULL")
