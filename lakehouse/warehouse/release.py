"""All changed marts of a run, or none, in one transaction; of each mart the periods that changed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text

from lakehouse.checksum import Checksum, Field
from lakehouse.contracts import Mart, Terminal, Transient
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import dialect as dialects
from lakehouse.warehouse.declared import FRESHNESS, LOAD_LOG, of_mart
from lakehouse.warehouse.dialect import Dialect, Horizon, measure, table
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.rows import Difference, Rows, difference, of_periods, rows
from lakehouse.warehouse.sessions import ANSWER_SECONDS, session, transaction

DEADLINE = 1800.0
ANSWERS, PAUSE = 6, 2.0
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Released:
    """What the warehouse serves: the release number and the name of each mart's gold commit."""

    release: int
    run_id: str
    marts: dict[str, str]


@dataclass(frozen=True)
class Part:
    """What a release replaced of a mart, and what stands there since: all of it where `periods` is None."""

    mart: Mart
    periods: frozenset[date] | None
    fields: tuple[Field, ...]
    checksum: Checksum


class Staged(NamedTuple):
    """Rows to release, and the name of the session's table that holds them."""

    wanted: Difference
    source: Rows
    stage: str


def serving(engine: Engine) -> Released:
    """The newest release; number 0 where there is none.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    with transaction(engine, ANSWER_SECONDS) as connection:
        return _serving(connection, dialects.of(engine))


def release(
    engine: Engine,
    lake: Lake,
    marts: dict[str, State],
    run_id: str,
    declared: Mapping[str, Mart],
    horizons: Collection[Horizon] = (),
) -> tuple[Released, list[Part]]:
    """Stages what these gold commits change, swaps all of it in one transaction, and in it compares it with gold.

    Before it, their tables are made or evolved as declared. A commit that gold has left behind is not released: the
    run that made the newer one releases it. Where another release is made meanwhile, this one stages again.

    Raises:
        Terminal: A table cannot become what is declared, or a mart is not what gold says; the old release is
            still served.
        Transient: The warehouse was lost on the way; nothing has changed.
    """
    dialect, names, made = dialects.of(engine), _names(), None
    dialect.ensure(
        engine, [LOAD_LOG, FRESHNESS, *(_relation(lake, declared[name], state) for name, state in marts.items())]
    )
    try:
        with session(engine, DEADLINE) as connection:
            while made is None:
                with connection.begin():
                    before = _serving(connection, dialect)
                    newest = {n: s for n, s in marts.items() if _is_newest(lake, n, s)}
                    found = [difference(lake, declared[n], s, before.marts.get(n)) for n, s in newest.items()]
                    if not found:
                        return before, []
                    staged = [_staged(connection, dialect, lake, one, next(names)) for one in found]
                with connection.begin():
                    dialect.take_turn(connection)
                    if _serving(connection, dialect) != before:
                        continue
                    parts = [_swapped(connection, dialect, lake, one, names) for one in staged]
                    now = Released(before.release + 1, run_id, before.marts | {n: s.commit for n, s in newest.items()})
                    _log(connection, dialect, now)
                    dialect.note(connection, horizons, run_id)
                    made = now, parts
    except Transient:
        if made is None or not _is_logged(engine, made[0]):
            raise
        LOGGER.warning("the answer to the commit was lost; the log says that release %s is served", made[0].release)
    return made


def note(engine: Engine, horizons: Collection[Horizon], run_id: str) -> None:
    """Tells how fresh the marts are that a run found to need nothing."""
    dialect = dialects.of(engine)
    dialect.ensure(engine, [LOAD_LOG, FRESHNESS])
    with transaction(engine, DEADLINE) as connection:
        dialect.note(connection, horizons, run_id)


def served(engine: Engine, mart: Mart, fields: Collection[Field], periods: Collection[date] | None) -> Checksum:
    """Count and checksum of a mart, or of some periods of it, as the warehouse serves it now."""
    dialect = dialects.of(engine)
    with transaction(engine, DEADLINE) as connection:
        return measure(connection, dialect, table(dialect, mart.name), fields, of_periods(mart, periods))


def _serving(connection: Connection, dialect: Dialect) -> Released:
    if not dialects.is_there(connection, dialect.schema, LOAD_LOG.name):
        return Released(0, "", {})
    row = connection.execute(
        text(f"SELECT release, run_id, marts FROM {table(dialect, LOAD_LOG.name)} ORDER BY release DESC LIMIT 1")  # noqa: S608
    ).first()
    return Released(int(row[0]), str(row[1]), json.loads(row[2])) if row else Released(0, "", {})


def _log(connection: Connection, dialect: Dialect, now: Released) -> None:
    connection.execute(
        text(
            f"INSERT INTO {table(dialect, LOAD_LOG.name)} (release, run_id, marts, released_at) "  # noqa: S608
            "VALUES (:release, :run_id, :marts, :at)"
        ),
        {"release": now.release, "run_id": now.run_id, "marts": json.dumps(now.marts), "at": datetime.now(UTC)},
    )


def _is_logged(engine: Engine, now: Released) -> bool:
    """Whether a release whose answer was lost was made, as the log says once the warehouse answers again."""
    log = table(dialects.of(engine), LOAD_LOG.name)
    for _ in range(ANSWERS):
        try:
            with transaction(engine, ANSWER_SECONDS) as connection:
                sql = f"SELECT count(*) FROM {log} WHERE release = :release AND run_id = :run_id"  # noqa: S608
                found = connection.execute(text(sql), {"release": now.release, "run_id": now.run_id}).scalar()
                return bool(found)
        except Transient:
            engine.dispose()
            time.sleep(PAUSE)
    return False


def _is_newest(lake: Lake, name: str, state: State) -> bool:
    newest = lake.state("gold", name)
    return newest is not None and newest.seq == state.seq


def _relation(lake: Lake, mart: Mart, state: State) -> Relation:
    found = rows(lake, mart, state).schema
    relation = of_mart(mart, found)
    undeclared = ", ".join(sorted(set(found.names) - {c.name for c in relation.columns}))
    if undeclared:
        raise Terminal(f"mart {mart.name}: gold has {undeclared}, not declared; add it to the mart's columns")
    return relation


def _names() -> Iterator[str]:
    """Names for the tables of one session."""
    return (f"stage_{number}" for number in count(1))


def _staged(connection: Connection, dialect: Dialect, lake: Lake, wanted: Difference, name: str) -> Staged:
    source = rows(lake, wanted.mart, wanted.state, wanted.periods)
    dialect.stage(connection, lake, name, source)
    return Staged(wanted, source, quoted(name))


def _swapped(connection: Connection, dialect: Dialect, lake: Lake, staged: Staged, names: Iterator[str]) -> Part:
    """Puts the staged rows of a mart in the place of those that are served, and compares what stands there with gold.

    What is served outside the changed periods is known by its checksum; where that does not fit, somebody has altered
    the table, and all of it is replaced.

    Raises:
        Terminal: The rows are not those of gold.
    """
    wanted, source, stage = staged
    mart, target, where = wanted.mart, table(dialect, wanted.mart.name), of_periods(wanted.mart, wanted.periods)
    expected = wanted.state.checksum
    if wanted.served is not None and wanted.periods is not None:
        expected = expected - wanted.served.checksum + measure(connection, dialect, target, source.fields, where)
    columns = ", ".join(quoted(f.name) for f in source.schema)
    key = ", ".join(map(quoted, of_mart(mart, source.schema).key))
    in_order = f"ORDER BY {key}" if key else ""
    connection.execute(text(f"DELETE FROM {target} WHERE {where}"))  # noqa: S608
    connection.execute(text(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {stage} {in_order}"))  # noqa: S608
    found = measure(connection, dialect, target, source.fields, where)
    if found == expected:
        return Part(mart, wanted.periods, tuple(source.fields), found)
    if wanted.periods is None:
        raise _unequal(mart, target, measure(connection, dialect, stage, source.fields), expected)
    LOGGER.warning("%s is not what release and lake agreed on; all of it is replaced", target)
    return _swapped(connection, dialect, lake, _staged(connection, dialect, lake, wanted.whole, next(names)), names)


def _unequal(mart: Mart, target: str, staged: Checksum, expected: Checksum) -> Terminal:
    """Why what stands in the table now is not what gold says."""
    if staged != expected:
        return Terminal(f"mart {mart.name}: {staged.rows} rows staged, {expected.rows} in gold; not released")
    return Terminal(
        f"mart {mart.name}: the columns of {target} change the values, so that it would not equal gold; "
        "not released. Compare them with the mart's file, then alter or drop the table"
    )
