"""From when on a table's versions are kept: some days, and never less than what somebody has yet to read on from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from deltalake import DeltaTable

from lakehouse.contracts import Catalog
from lakehouse.lake import Lake, Layer, State
from lakehouse.pins import layer_of, location, pinned
from lakehouse.silver import LAYERS

MARGIN = timedelta(days=1)  # clocks differ, and files are older than the commit that tells of them
HISTORY_STEPS = (200, None)
Place = tuple[Layer, str]


@dataclass(frozen=True)
class Hold:
    """A commit of a table whose rows, or what has changed since, somebody will read; `by` says who."""

    seq: int
    by: str


@dataclass(frozen=True)
class Kept:
    """What a vacuum leaves: the version that was the newest at a moment, and all that came since.

    `version` is None where the table has none so old, and nothing may go.
    """

    since: datetime
    version: int | None
    why: str


def holds(lake: Lake, catalog: Catalog) -> dict[Place, Hold]:
    """Of each table that others are made of, the oldest commit that is still needed."""
    found: dict[Place, Hold] = {}
    for place, hold in _consumed(lake, catalog):
        if place not in found or hold.seq < found[place].seq:
            found[place] = hold
    return found


def _consumed(lake: Lake, catalog: Catalog) -> Iterator[tuple[Place, Hold]]:
    for name in catalog.tables:
        for layer in LAYERS:
            state = lake.state(layer, name)
            if state is not None:
                yield ("bronze", name), Hold(state.inputs["bronze"], f"{layer} {name}")
    for name, recipe in catalog.marts.items():
        state = lake.state(layer_of(recipe), name)
        for source in recipe.inputs:
            if state is not None and source in state.inputs:
                yield location(source, catalog), Hold(state.inputs[source], f"mart {name}")
    next_run = pinned(lake, catalog, frozenset(catalog.marts), {}, date.max)
    for source, state in next_run.states.items():
        yield location(source, catalog), Hold(state.seq, "the next run")


def kept(lake: Lake, table: DeltaTable, place: Place, hold: Hold | None, since: datetime) -> Kept:
    """What of a table must stay: all since a moment, or since the commit on hold where that is older."""
    state, why = _held(lake, place, hold)
    if state is not None and state.snapshot < table.version():
        needed = datetime.fromtimestamp(state.committed_at / 1000, UTC) - MARGIN
        if needed < since:
            return Kept(needed, _version_at(table, needed), f"{why} reads on from commit {state.seq}")
    return Kept(since, _version_at(table, since), "")


def _held(lake: Lake, place: Place, hold: Hold | None) -> tuple[State | None, str]:
    """The commit on hold, or the newest one: where the log does not tell of the other, nobody can read on from it."""
    if place[0] == "ledger":
        return None, ""
    found = lake.state(*place, hold.seq) if hold else None
    return (found, hold.by) if hold and found else (lake.state(*place), "everybody")


def _version_at(table: DeltaTable, moment: datetime) -> int | None:
    millis = moment.timestamp() * 1000
    for limit in HISTORY_STEPS:
        for entry in table.history(limit):
            if entry.get("timestamp", math.inf) <= millis:
                return int(entry["version"])
    return None
