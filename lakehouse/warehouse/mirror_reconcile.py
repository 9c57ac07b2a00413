"""Is what the warehouse mirrors what the lake holds? Of every mirror, whole."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from lakehouse.checksum import NOTHING
from lakehouse.lake import Lake, State
from lakehouse.warehouse import arrow_types, files, mirror
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse.mirror import Position
from lakehouse.warehouse.mirrored import Place
from lakehouse.warehouse.reconcile import Comparison, only_in
from lakehouse.warehouse.release import DEADLINE
from lakehouse.warehouse.sessions import transaction


def compare(engine: Engine, lake: Lake, places: list[Place]) -> Iterator[Comparison]:
    """Every mirror of these tables of the lake, one after the other.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    known = mirror.positions(engine)
    for place in places:
        state = lake.state(place.layer, place.name)
        if state is not None and state.usable:
            yield _compared(engine, lake, place, state, known.get(place.relation.where))


def _compared(engine: Engine, lake: Lake, place: Place, state: State, at: Position | None) -> Comparison:
    relation = place.relation
    now = files.files(lake, place.layer, place.name, state, arrow_types.schema(relation))
    wanted = files.checksum(now)
    if at is None:
        return Comparison(relation.where, "missing", wanted, NOTHING)
    release = "served" if at.commit == state.commit else "behind"
    if at.columns != mirror.told(now.schema):
        return Comparison(relation.where, release, wanted, at.checksum)
    with transaction(engine, DEADLINE) as connection:
        found = mirror.measure(connection, relation, now.schema)
        if found == wanted:
            return Comparison(relation.where, release, wanted, found)
        names, table = now.schema.names, ddl.table(relation)
        stage = mirror.staged(connection, "mirror_lake", relation, names, now.batches())
        only = [only_in(connection, relation.key, names, *pair) for pair in ((stage, table), (table, stage))]
    return Comparison(relation.where, release, wanted, found, *only)
