"""Which periods of a mart a change of its inputs reaches, by the functions that its file declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame

from lakehouse.contracts import Recipe

AS_OF = "as_of"


def touched(
    recipe: Recipe, frames: Mapping[str, DataFrame], images: Mapping[str, DataFrame], was: date, as_of: date
) -> DataFrame | None:
    """The periods to rebuild, one column and maybe repeated; None where the whole mart must be.

    Args:
        recipe: The mart.
        frames: Its inputs, as they are now.
        images: Of the inputs that changed, the rows before and after, with `_change_type` and `_commit_version`.
        was: The as-of day of the mart as it stands.
        as_of: The as-of day to rebuild it for.
    """
    causes = [*images] + ([AS_OF] if was != as_of and _speaks_of_day(recipe) else [])
    if recipe.mart.period is None or not causes or any(cause not in recipe.reaches for cause in causes):
        return None
    found = []
    for cause in causes:
        given = {**frames, "changed": images.get(cause), "was": was, AS_OF: as_of}
        function = recipe.reaches[cause]
        found.append(function(**{name: given[name] for name in inspect.signature(function).parameters}))
    return reduce(DataFrame.unionAll, found).where(f"{recipe.mart.period} IS NOT NULL")


def _speaks_of_day(recipe: Recipe) -> bool:
    return AS_OF in inspect.signature(recipe.build).parameters
