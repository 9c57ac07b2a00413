"""Gold: each mart rebuilt from pinned inputs when an input, its code or the as-of day has changed."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakehouse import delta, quality_log
from lakehouse.checksum import Checksum, Field, row_number, row_text
from lakehouse.contracts import QUALITY, Catalog, Recipe, Terminal
from lakehouse.lake import Lake, Layer, State

KINDS = (
    (T.DecimalType, "decimal"),
    (T.BooleanType, "bool"),
    (T.DateType, "date"),
    (T.TimestampType, "timestamp"),
    (T.StringType, "text"),
    (T.IntegralType, "int"),
)


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
    return (state.inputs, state.fingerprint, state.as_of) != (
        wanted,
        recipe.fingerprint,
        pins.as_of.isoformat(),
    )


def build(
    session: SparkSession, lake: Lake, catalog: Catalog, recipe: Recipe, pins: Pins, before: State | None, run_id: str
) -> State:
    """Builds one mart whole and commits it, with its count and checksum, behind `before`.

    `before` must be read before the pins: only then can no mart go back to older inputs.

    Raises:
        Superseded: Another run committed the mart first.
        Terminal: A check of severity `fail` is broken.
    """
    layer, name = layer_of(recipe), recipe.mart.name
    frames: dict[str, Any] = {
        i: delta.read(session, lake, location(i, catalog)[0], pins.states[i], location(i, catalog)[1])
        for i in recipe.inputs
    }
    if "as_of" in inspect.signature(recipe.build).parameters:
        frames["as_of"] = pins.as_of
    rows = recipe.build(**frames).persist()
    try:
        state = replace(
            delta.next_state(f"{layer}/{name}", before, run_id, "build"),
            inputs={i: pins.states[i].seq for i in recipe.inputs},
            fingerprint=recipe.fingerprint,
            as_of=pins.as_of.isoformat(),
            checksum=judged(rows, recipe),
        )
        return delta.commit(lake, layer, name, state, session, delta.overwrite(rows))
    finally:
        rows.unpersist()


def fields(schema: T.StructType) -> list[Field]:
    """The canonical columns of a mart."""
    return [Field(f.name, _kind(f.name, f.dataType)) for f in schema.fields]


def judged(rows: DataFrame, recipe: Recipe) -> Checksum:
    """Count and checksum of a mart's rows, in one pass with its checks.

    Raises:
        Terminal: A check of severity `fail` is broken; names it and how many rows.
    """
    number = row_number(row_text(fields(rows.schema), "spark"), "spark")
    strict = [c for c in recipe.mart.checks if c.severity == "fail"]
    breaches = [F.count_if(F.expr(f"NOT ({c.condition})")) for c in strict]
    count, total, *broken = rows.agg(F.count("*"), F.expr(f"COALESCE(SUM({number}), 0)"), *breaches).collect()[0]
    for check, found in zip(strict, broken, strict=True):
        if found:
            raise Terminal(f"mart {recipe.mart.name}: {found} rows break {check.name}; it is not published")
    return Checksum(int(count), int(total))


def _kind(name: str, kind: T.DataType) -> Any:
    """The canonical kind of a mart's column.

    Raises:
        Terminal: There is none for this type; a mart casts it first.
    """
    for spark_type, found in KINDS:
        if isinstance(kind, spark_type):
            return found
    raise Terminal(f"a mart's column {name} is {kind.simpleString()}, which cannot be published; cast it in the mart")
