"""Is what the warehouse serves what gold says? Of every mart, whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Catalog, Mart
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import postgres
from lakehouse.warehouse.rows import rows
from lakehouse.warehouse.sessions import transaction

KEYS_SHOWN = 5


@dataclass(frozen=True)
class Comparison:
    """A mart in gold and in the warehouse, or a mirror and its table in the lake.

    Of rows that only one of the two has, the first keys, as text.

    `release` says where they stand: `served`, `behind` gold's newest commit, or `missing`.
    """

    mart: str
    release: str
    gold: Checksum
    warehouse: Checksum
    only_in_gold: tuple[str, ...] = ()
    only_in_warehouse: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """True where the warehouse serves the newest gold, row by row."""
        return self.release == "served" and self.gold == self.warehouse


def compare(engine: Engine, lake: Lake, catalog: Catalog) -> Iterator[Comparison]:
    """Every published mart of the lake, one after the other.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    served = postgres.serving(engine)
    for name, recipe in catalog.marts.items():
        state = lake.state("gold", name) if recipe.mart.layer == "presentation" else None
        if state is None:
            continue
        if name not in served.marts:
            yield Comparison(name, "missing", state.checksum, NOTHING)
        else:
            release = "served" if served.marts[name] == state.commit else "behind"
            yield _compared(engine, lake, recipe.mart, state, release)


def _compared(engine: Engine, lake: Lake, mart: Mart, state: State, release: str) -> Comparison:
    source = rows(lake, mart, state)
    found = postgres.measure(engine, mart, source.fields, None)
    if found == state.checksum:
        return Comparison(mart.name, release, state.checksum, found)
    with transaction(engine, postgres.DEADLINE) as connection:
        stage, target = postgres.staged(connection, mart, source), postgres.target(mart)
        names = [f.name for f in source.schema]
        only = [only_in(connection, mart.grain, names, *pair) for pair in ((stage, target), (target, stage))]
    return Comparison(mart.name, release, state.checksum, found, *only)


def only_in(connection: Connection, grain: Collection[str], names: list[str], one: str, other: str) -> tuple[str, ...]:
    """The first keys of rows that one table has and the other has not."""
    columns = ", ".join(map(quoted, names))
    key = ", ".join(quoted(k) for k in grain if k in names) or columns
    sql = (
        f"SELECT DISTINCT {key} FROM (SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}) AS d "  # noqa: S608
        f"ORDER BY {key} LIMIT {KEYS_SHOWN}"
    )
    return tuple(" ".join(map(str, row)) for row in connection.execute(text(sql)))
