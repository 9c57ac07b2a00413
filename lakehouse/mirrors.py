"""The mirrors of a run: after the release, each on its own, so that none holds back another or the marts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sqlalchemy import Engine

from lakehouse import failures
from lakehouse.contracts import Catalog, PipelineError, Terminal
from lakehouse.lake import Lake
from lakehouse.ledger import MirrorRecord
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.warehouse import dialect as dialects
from lakehouse.warehouse import mirror, mirror_reconcile
from lakehouse.warehouse.mirror import Position
from lakehouse.warehouse.mirrored import Place, places
from lakehouse.warehouse.reconcile import Comparison


def due(run: Run, engine: Engine) -> list[Place]:
    """The mirrors that the setting asks for and that are behind the lake; needs no JVM.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    return _behind(engine, run.lake, run.catalog) if _wanted(run.settings, engine) else []


def refresh(run: Run, engine: Engine, behind: list[Place]) -> list[MirrorRecord]:
    """Brings these mirrors to the newest commit of their tables. Needs no JVM."""
    return _refreshed(engine, run.lake, behind, run.run_id)


def brought(
    run: Run, engine: Engine, refresh: Callable[[Run, Engine, list[Place]], list[MirrorRecord]] = refresh
) -> tuple[MirrorRecord, ...]:
    """Brings those that are due to the lake; what stops all of them is a record too."""
    try:
        behind = due(run, engine)
        return tuple(refresh(run, engine, behind)) if behind else ()
    except PipelineError as error:
        return (MirrorRecord("mirrors", "failed", error=str(error)),)


def purge(run: Run, engine: Engine) -> int:
    """Brings those mirrors to the lake that the warehouse has, whatever the setting is now; returns how many.

    Raises:
        Terminal, Transient: One of them still holds what the lake no longer does.
    """
    if not _can(engine):
        return 0
    known = mirror.filled(engine, [place.relation for place in places(run.catalog)])
    behind = [place for place in _behind(engine, run.lake, run.catalog) if place.relation in known]
    records = refresh(run, engine, behind)
    for record in records:
        if record.error:
            raise Terminal(f"{record.name} is not what the lake is: {record.error}")
    return len(records)


def compare(settings: Settings, engine: Engine, catalog: Catalog) -> Iterator[Comparison]:
    """Every mirror that the setting asks for, whole; none where it asks for none.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    wanted = places(catalog) if _wanted(settings, engine) else []
    return mirror_reconcile.compare(engine, Lake.of(settings), wanted) if wanted else iter(())


def _wanted(settings: Settings, engine: Engine) -> bool:
    """Whether the setting asks for mirrors in this warehouse.

    Raises:
        Terminal: It does, and the warehouse cannot have them.
    """
    if settings.mirrors == "all" and not _can(engine):
        raise Terminal("only PostgreSQL takes mirrors; set LAKEHOUSE_MIRRORS to auto or none")
    return settings.mirrored and _can(engine)


def _can(engine: Engine) -> bool:
    return dialects.of(engine).name == "postgres"


def _behind(engine: Engine, lake: Lake, catalog: Catalog) -> list[Place]:
    known = mirror.positions(engine)
    return [place for place in places(catalog) if _is_behind(lake, place, known.get(place.relation.where))]


def _is_behind(lake: Lake, place: Place, at: Position | None) -> bool:
    state = lake.state(place.layer, place.name)
    return state is not None and state.usable and (at is None or at.commit != state.commit)


def _refreshed(engine: Engine, lake: Lake, behind: list[Place], run_id: str) -> list[MirrorRecord]:
    return [_one(engine, lake, place, run_id) for place in behind]


def _one(engine: Engine, lake: Lake, place: Place, run_id: str) -> MirrorRecord:
    began, name = time.monotonic(), place.relation.where
    try:
        found = mirror.refresh(engine, lake, place, run_id)
    except Exception as error:
        return MirrorRecord(name, "failed", error=failures.told(f"mirror {name}", error))
    if found is None:
        return MirrorRecord(name, "unchanged")
    return MirrorRecord(name, "replaced" if found.whole else "changed", found.rows, time.monotonic() - began)
