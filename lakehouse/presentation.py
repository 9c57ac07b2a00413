"""The marts of a run: built from the same commits, and released together."""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Engine

from lakehouse import delta, failures, gold, session
from lakehouse.lake import State
from lakehouse.ledger import MartRecord
from lakehouse.pins import Pins, layer_of, pinned, stale
from lakehouse.pipeline import Run, settle
from lakehouse.warehouse import release
from lakehouse.warehouse.dialect import Horizon


def build(run: Run, only: frozenset[str]) -> tuple[list[MartRecord], dict[str, State]]:
    """Builds the marts among `only` whose inputs have changed; returns records and the states to publish.

    All of them read the same commits. A mart that fails keeps its last version, and so do those made of it.
    """
    return settle(lambda: _build(run, only))


def _build(run: Run, only: frozenset[str]) -> tuple[list[MartRecord], dict[str, State]]:
    before = {name: _mart_state(run, name) for name in run.catalog.marts}  # before the pins: none can go back
    made = {name: state for name, state in before.items() if state is not None and name not in only}
    pins, records = pinned(run.lake, run.catalog, only, made, run.as_of), list[MartRecord]()
    with ThreadPoolExecutor(run.settings.parallel_tables) as pool:
        for wave in run.catalog.waves(only):
            found = list(pool.map(partial(_built, run, pins, before), wave))
            pins = pins.plus({name: state for name, (_, state) in zip(wave, found, strict=True) if state})
            records += [record for record, _ in found]
    published = [r for r in records if r.error or run.catalog.marts[r.name].mart.layer == "presentation"]
    return published, {name: state for name, state in pins.states.items() if name in only}


def _built(run: Run, pins: Pins, all_before: dict[str, State | None], name: str) -> tuple[MartRecord, State | None]:
    began, recipe, before = time.monotonic(), run.catalog.marts[name], all_before[name]
    missing = [i for i in recipe.inputs if i not in pins.states]
    if missing:
        return MartRecord(name, "kept", error=f"not rebuilt for want of {', '.join(missing)}"), None
    if before is not None and not stale(before, recipe, pins):
        return MartRecord(name, "unchanged", before.checksum.rows), before
    try:
        state = gold.build(session.child(run.settings), run.lake, run.catalog, recipe, pins, before, run.run_id)
    except delta.Superseded:
        raise
    except Exception as error:
        return MartRecord(name, "failed", error=failures.told(f"mart {name}", error)), None
    seconds, periods = time.monotonic() - began, None if state.periods is None else len(state.periods)
    return MartRecord(name, "rebuilt", state.checksum.rows, None, seconds, periods=periods), state


def pending(run: Run, only: frozenset[str]) -> bool:
    """True where a mart is not what its inputs make it; needs no JVM."""
    made = {name: state for name in run.catalog.marts if (state := _mart_state(run, name)) is not None}
    pins = pinned(run.lake, run.catalog, only, made, run.as_of)
    return any(stale(made.get(name), run.catalog.marts[name], pins) for name in only)


def publish(
    run: Run, engine: Engine, states: dict[str, State], proven: frozenset[str] = frozenset()
) -> tuple[int, dict[str, bool]]:
    """Releases the marts that differ from the last release, all or none; returns proof (c) per released mart.

    `proven` are the source tables that this run proved up to its horizon.
    """
    marts = {n: s for n, s in states.items() if run.catalog.marts[n].mart.layer == "presentation"}
    served = release.serving(engine)
    changed = {n: s for n, s in marts.items() if served.marts.get(n) != s.commit}
    parts, fresh = list[release.Part](), _horizons(run, states, proven)
    if not changed:
        release.note(engine, fresh, run.run_id)
    else:
        declared = {name: run.catalog.marts[name].mart for name in changed}
        served, parts = release.release(engine, run.lake, changed, run.run_id, declared, fresh)
    held = {p.mart.name: release.served(engine, p.mart, p.fields, p.periods) == p.checksum for p in parts}
    now = release.serving(engine)  # what a newer run has released meanwhile is its to prove
    return served.release, {n: proof for n, proof in held.items() if now.marts.get(n) == changed[n].commit}


def note_freshness(run: Run, engine: Engine, marts: Collection[str], proven: frozenset[str]) -> None:
    """Tells the warehouse that what it serves of these marts is whole up to the horizon of this run; needs no JVM."""
    release.note(engine, _horizons(run, release.serving(engine).marts.keys() & marts, proven), run.run_id)


def _horizons(run: Run, marts: Collection[str], proven: frozenset[str]) -> list[Horizon]:
    known = sorted(run.catalog.marts.keys() & marts)
    presented = [name for name in known if run.catalog.marts[name].mart.layer == "presentation"]
    return [Horizon(n, s, run.horizon.at) for n in presented for s in run.catalog.sources_of(n) & proven]


def publish_pending(run: Run, engine: Engine) -> bool:
    """True where the warehouse does not serve the newest gold; needs no JVM."""
    served = release.serving(engine)
    recipes = [r for r in run.catalog.marts.values() if r.mart.layer == "presentation"]
    return any((s := _mart_state(run, r.mart.name)) and served.marts.get(r.mart.name) != s.commit for r in recipes)


def _mart_state(run: Run, name: str) -> State | None:
    return run.lake.state(layer_of(run.catalog.marts[name]), name)
