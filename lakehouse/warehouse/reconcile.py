"""Is what the warehouse serves what gold says? Of every mart, whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Catalog, Mart
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import dialect as dialects
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.rows import rows
from lakehouse.warehouse.sessions import session

KEYS_SHOWN = 5
STAGE, N = "stage_compared", quoted("times of a row")


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
    served = releases.serving(engine)
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
    found = releases.served(engine, mart, source.fields, None)
    if found == state.checksum:
        return Comparison(mart.name, release, state.checksum, found)
    dialect = dialects.of(engine)
    target, names = dialects.table(dialect, mart.name), [f.name for f in source.schema]
    with session(engine, releases.DEADLINE) as connection:
        dialect.stage(connection, lake, STAGE, source)
        only = [
            only_in(connection, mart.grain, names, *pair) for pair in ((quoted(STAGE), target), (target, quoted(STAGE)))
        ]
    return Comparison(mart.name, release, state.checksum, found, *only)


def only_in(connection: Connection, grain: Collection[str], names: list[str], one: str, other: str) -> tuple[str, ...]:
    """The first keys of rows of which one table has more than the other."""
    columns = ", ".join(map(quoted, names))
    key = ", ".join(quoted(k) for k in grain if k in names) or columns
    sql = (
        f"SELECT DISTINCT {key} FROM (SELECT {columns} FROM (SELECT {columns}, 1 AS {N} FROM {one} "  # noqa: S608
        f"UNION ALL SELECT {columns}, -1 AS {N} FROM {other}) AS b GROUP BY {columns} HAVING SUM({N}) > 0) AS m "
        f"ORDER BY {key} LIMIT {KEYS_SHOWN}"
    )
    return tuple(" ".join(map(str, row)) for row in connection.execute(text(sql)))
