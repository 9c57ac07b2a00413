"""What the marts of a run read: the same commit of each input for all of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from lakehouse import delta, quality_log
from lakehouse.contracts import QUALITY, Catalog, Recipe
from lakehouse.lake import Lake, Layer, State

AS_OF = "as_of"


@dataclass(frozen=True)
class Pins:
    """The states of all tables that the marts of one run read, by input name, and the as-of day."""

    states: dict[str, State]
    as_of: date

    def plus(self, states: dict[str, State]) -> Pins:
        """With the states of marts that other marts read."""
        return replace(self, states=self.states | states)


def pinned(lake: Lake, catalog: Catalog, only: frozenset[str], made: dict[str, State], as_of: date) -> Pins:
    """The commits that the marts among `only` read of silver, of history as far as silver is, and of other marts.

    What is not in the lake yet is left out.
    """
    wanted = {i for name in only for i in catalog.marts[name].inputs if i not in catalog.marts}
    found = {i: _newest(lake, *location(i, catalog)) for i in sorted(wanted)}
    return Pins(made | {i: state for i, state in found.items() if state is not None}, as_of)


def _newest(lake: Lake, layer: Layer, table: str) -> State | None:
    if layer == "ledger":
        return lake.log_state(table)
    silver = lake.state("silver", table)
    state = silver if layer == "silver" else lake.state(layer, table)
    while silver and state and state.inputs["bronze"] > silver.inputs["bronze"]:  # a run is between the two
        state = lake.state(layer, table, state.seq - 1)
    return state


def layer_of(recipe: Recipe) -> Layer:
    """Where a mart's table stands."""
    return "gold" if recipe.mart.layer == "presentation" else "derived"


def location(name: str, catalog: Catalog) -> tuple[Layer, str]:
    """Where an input of a mart stands: a silver table, its history, or another mart."""
    if name in catalog.marts:
        return layer_of(catalog.marts[name]), name
    if name == QUALITY:
        return "ledger", quality_log.NAME
    if name in catalog.tables:
        return "silver", name
    return "history", name.removesuffix("_history")


def stale(state: State | None, recipe: Recipe, pins: Pins) -> bool:
    """True where the mart is not what these inputs, this code and this day make it."""
    if state is None:
        return True
    wanted = {name: pins.states[name].seq for name in recipe.inputs if name in pins.states}
    day = pins.as_of.isoformat() if speaks_of_day(recipe) else state.as_of
    return (state.inputs, state.fingerprint, state.as_of) != (wanted, recipe.fingerprint, day)


def speaks_of_day(recipe: Recipe) -> bool:
    """True for a mart that counts what was up to the as-of day."""
    return AS_OF in inspect.signature(recipe.build).parameters


def frames(session: SparkSession, lake: Lake, catalog: Catalog, recipe: Recipe, pins: Pins) -> dict[str, DataFrame]:
    """The inputs of a mart, by name, as they are pinned."""
    found = {}
    for name in recipe.inputs:
        layer, table = location(name, catalog)
        found[name] = delta.read(session, lake, layer, pins.states[name], table)
    return found
