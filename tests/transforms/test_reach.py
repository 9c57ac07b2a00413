"""A mart that is rebuilt only where a change reaches is what a whole build would make."""

import inspect
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Recipe
from lakehouse.recompute import touched
from tests.transforms.worlds import World
from transforms import catalog

FIRST = date(2024, 1, 20)
KEYS = {
    "bookings": 1,
    "apartments_history": 3,  # of a version: the listing, its creation and its beginning
    "apartment_attributes": 1,
    "exchange_rates": 2,
}
Tables = dict[str, list[list[str]]]
MARTS = {name: recipe for name, recipe in catalog().marts.items() if recipe.mart.period}
SEEDS = [pytest.param(n, marks=[pytest.mark.long] if n >= 6 else []) for n in range(300)]
# ruff: noqa: PLW0108  (the name of the parameter says what a reach function is given)
BLIND: dict[str, Callable[..., DataFrame]] = {
    "changed": lambda changed: unreached(changed),
    "bookings": lambda bookings: unreached(bookings),
    "apartments_history": lambda apartments_history: unreached(apartments_history),
    "stay_nights": lambda stay_nights: unreached(stay_nights),
}


def day(dice: random.Random, span: int = 75) -> date:
    return FIRST + timedelta(days=dice.randrange(span))


def booking(dice: random.Random, number: int) -> list[str]:
    checkin = day(dice)
    return [
        str(number), str(dice.randint(1, 3)), str(dice.randint(1, 4)), str(day(dice)), str(checkin),
        str(checkin + timedelta(days=dice.randint(1, 20))), f"{dice.randint(10, 900)}.01",
        dice.choice(["USD", "EUR", "XXX"]), dice.choice(["confirmed", "completed", "pending", "canceled"]),
        dice.choice(["-", "-", "-", "2024-03-01"]),
    ]  # fmt: skip


def versions(dice: random.Random, listing: int) -> list[list[str]]:
    begins = sorted({day(dice) for _ in range(dice.randint(1, 3))})
    ends = [*(str(d) for d in begins[1:]), dice.choice(["-", "-", str(begins[-1] + timedelta(days=9))])]
    return [
        [str(listing), str(FIRST + timedelta(days=listing)), str(begin), end, f"{dice.randint(50, 60)}.5",
         dice.choice(["USD", "EUR"]), dice.choice(["true", "true", "false"]), str(seq)]
        for seq, (begin, end) in enumerate(zip(begins, ends, strict=True), 1)
    ]  # fmt: skip


def drawn(dice: random.Random) -> Tables:
    """A small marketplace."""
    return {
        "bookings": [booking(dice, n) for n in range(1, 13) if dice.random() < 0.9],
        "apartments_history": [v for n in range(1, 5) if dice.random() < 0.9 for v in versions(dice, n)],
        "apartment_attributes": [
            [str(n), dice.choice(["Oslo", "Rome", "-"]), "-", "-"] for n in range(1, 5) if dice.random() < 0.8
        ],
        "exchange_rates": [
            ["EUR", str(FIRST + timedelta(days=d)), f"1.{dice.randint(10, 99)}", "-"] for d in range(0, 75, 3)
        ],
    }


def changed(dice: random.Random, tables: Tables) -> Tables:
    """The same marketplace after some rows came, went or became others."""
    other, found = drawn(dice), dict(tables)
    for name in dice.sample(sorted(tables), dice.randint(1, 3)):
        width = 1 if name == "apartments_history" else KEYS[name]  # a listing's versions change together
        keys = {tuple(row[:width]) for row in tables[name] + other[name]}
        moved = {key for key in keys if dice.random() < 0.2}
        kept = [row for row in tables[name] if tuple(row[:width]) not in moved]
        found[name] = kept + [row for row in other[name] if tuple(row[:width]) in moved]
    return found


def images(old: DataFrame, new: DataFrame) -> DataFrame:
    """The rows of a table before and after the change, as the change feed tells them."""
    gone = old.exceptAll(new).withColumn("_change_type", F.lit("delete"))
    come = new.exceptAll(old).withColumn("_change_type", F.lit("insert"))
    return gone.unionByName(come).withColumn("_commit_version", F.lit(1)).localCheckpoint()


def frames(world: World, tables: Tables, as_of: date) -> dict[str, Any]:
    """Everything that a mart can read of this marketplace, each made once."""
    filled = world.given(**{name: text(rows) for name, rows in tables.items()})
    found: dict[str, Any] = {name: filled.frame(name).localCheckpoint() for name in tables}
    found["stay_nights"] = catalog().marts["stay_nights"].build(found["bookings"], found["exchange_rates"])
    return found | {"stay_nights": found["stay_nights"].localCheckpoint(), "as_of": as_of}


def built(recipe: Recipe, given: dict[str, Any]) -> tuple[int, Counter]:
    """Where the period stands in a row of the mart, and the rows."""
    names = [name for name in inspect.signature(recipe.build).parameters if name in given]
    rows = recipe.build(**{name: given[name] for name in names})
    return rows.columns.index(recipe.mart.period), Counter(tuple(row) for row in rows.collect())


def differences(recipe: Recipe, old: dict[str, Any], new: dict[str, Any], changes: dict[str, DataFrame]) -> list[Any]:
    """The rows of a mart, outside the touched periods, that are only in the old or only in the new build."""
    seen = {name: changes[name] for name in recipe.inputs}
    periods = touched(recipe, new, seen, old["as_of"], new["as_of"])
    assert periods is not None, recipe.mart.name
    reached = {row[0] for row in periods.distinct().collect()}
    (place, before), (_, after) = built(recipe, old), built(recipe, new)
    only = [*(before - after).elements(), *(after - before).elements()]
    return [row for row in only if row[place] not in reached]


def unreached(frame: DataFrame) -> DataFrame:
    """No period at all."""
    return frame.select(F.lit(None).cast("date"))


def text(rows: list[list[str]]) -> str:
    return "\n".join(" ".join(row) for row in rows)


def story(world: World, seed: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, DataFrame]]:
    """A marketplace, what became of it, and the rows that changed."""
    dice = random.Random(seed)
    tables = drawn(dice)
    later = changed(dice, tables)
    was = day(dice)
    as_of = dice.choice([was, was, was + timedelta(days=dice.randint(1, 9))])
    old, new = frames(world, tables, was), frames(world, later, as_of)
    changes = {name: images(old[name], new[name]) for name in (*tables, "stay_nights")}
    return old, new, changes


@pytest.mark.parametrize("seed", SEEDS)
def test_outside_the_periods_that_a_change_reaches_no_row_is_another(world: World, seed: int) -> None:
    old, new, changes = story(world, seed)

    found = {name: differences(recipe, old, new, changes) for name, recipe in MARTS.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}


@pytest.mark.long
@pytest.mark.parametrize(("mart", "cause"), [(n, cause) for n, recipe in MARTS.items() for cause in recipe.reaches])
def test_without_one_of_its_reaches_a_mart_is_found_to_differ(world: World, mart: str, cause: str) -> None:
    recipe = MARTS[mart]
    blind = replace(
        recipe, reaches=recipe.reaches | {cause: BLIND[recipe.inputs[0] if cause == "as_of" else "changed"]}
    )

    assert any(differences(blind, *story(world, seed)) for seed in range(60))
