"""PostgreSQL: all changed marts of a run, or none, in one transaction; of each mart the periods that changed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pgpq import ArrowToPostgresBinaryEncoder
from sqlalchemy import Connection, Engine, text

from lakehouse.checksum import Checksum, Field, total
from lakehouse.contracts import Mart, Terminal, Transient
from lakehouse.lake import Lake, State
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse import evolution
from lakehouse.warehouse.declared import FRESHNESS, LOAD_LOG, of_mart
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.rows import Difference, Rows, difference, of_periods, rows
from lakehouse.warehouse.sessions import ANSWER_SECONDS, transaction
from lakehouse.window import moment

LOG, FRESH = ddl.table(LOAD_LOG), ddl.table(FRESHNESS)
LOCK_WAIT = "60s"
DEADLINE = 1800.0
ANSWERS, PAUSE = 6, 2.0
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Released:
    """What the warehouse serves: the release number and the name of each mart's gold commit."""

    release: int
    run_id: str
    marts: dict[str, str]


class Horizon(NamedTuple):
    """Up to when a mart holds the changes of one of its source tables, in microseconds."""

    mart: str
    source: str
    at: int


@dataclass(frozen=True)
class Part:
    """What a release replaced of a mart, and what stands there since: all of it where `periods` is None."""

    mart: Mart
    periods: frozenset[date] | None
    fields: tuple[Field, ...]
    checksum: Checksum


def serving(engine: Engine) -> Released:
    """The newest release; number 0 where there is none.

    Raises:
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    with transaction(engine, ANSWER_SECONDS) as connection:
        return _serving(connection)


def release(
    engine: Engine,
    lake: Lake,
    marts: dict[str, State],
    run_id: str,
    declared: Mapping[str, Mart],
    horizons: Collection[Horizon] = (),
) -> tuple[Released, list[Part]]:
    """Stages what these gold commits change, verifies count and checksum, and swaps all of it in one transaction.

    Before it, their tables are made or evolved as declared. A commit that gold has left behind is not released: the
    run that made the newer one releases it.

    Raises:
        Terminal: A table cannot become what is declared, or a staged mart is not what gold says; the old release is
            still served.
        Transient: The warehouse was lost on the way; nothing has changed.
    """
    evolution.ensure(
        engine, [LOAD_LOG, FRESHNESS, *(_relation(lake, declared[name], state) for name, state in marts.items())]
    )
    now: Released | None = None
    try:
        with transaction(engine, DEADLINE) as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
            connection.execute(text(f"LOCK TABLE {LOG} IN EXCLUSIVE MODE"))
            before = _serving(connection)
            newest = {n: s for n, s in marts.items() if _is_newest(lake, n, s)}
            if not newest:
                return before, []
            found = [difference(lake, declared[n], s, before.marts.get(n)) for n, s in newest.items()]
            parts = [_swapped(connection, lake, one) for one in found]
            now = Released(before.release + 1, run_id, before.marts | {n: s.commit for n, s in newest.items()})
            _log(connection, now)
            _note(connection, horizons, run_id)
    except Transient:
        if now is None or not _is_logged(engine, now):
            raise
        LOGGER.warning("the answer to the commit was lost; the log says that release %s is served", now.release)
    return now, parts


def note(engine: Engine, horizons: Collection[Horizon], run_id: str) -> None:
    """Tells how fresh the marts are that a run found to need nothing."""
    evolution.ensure(engine, [LOAD_LOG, FRESHNESS])
    with transaction(engine, DEADLINE) as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
        _note(connection, horizons, run_id)


def measure(engine: Engine, mart: Mart, fields: Collection[Field], periods: Collection[date] | None) -> Checksum:
    """Count and checksum of a mart, or of some periods of it, as the warehouse serves it now."""
    with transaction(engine, DEADLINE) as connection:
        return _measure(connection, target(mart), fields, of_periods(mart, periods))


def _serving(connection: Connection) -> Released:
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": LOG}).scalar() is None:
        return Released(0, "", {})
    row = connection.execute(
        text(f"SELECT release, run_id, marts FROM {LOG} ORDER BY release DESC LIMIT 1")  # noqa: S608
    ).first()
    return Released(int(row[0]), str(row[1]), json.loads(row[2])) if row else Released(0, "", {})


def _log(connection: Connection, now: Released) -> None:
    connection.execute(
        text(f"INSERT INTO {LOG} (release, run_id, marts, released_at) VALUES (:release, :run_id, :marts, now())"),  # noqa: S608
        {"release": now.release, "run_id": now.run_id, "marts": json.dumps(now.marts)},
    )


def _note(connection: Connection, horizons: Collection[Horizon], run_id: str) -> None:
    rows = [{"mart": h.mart, "source": h.source, "at": moment(h.at), "run_id": run_id} for h in horizons]
    if rows:
        connection.execute(
            text(
                f"INSERT INTO {FRESH} AS known (mart, source, source_horizon, run_id) "  # noqa: S608
                "VALUES (:mart, :source, :at, :run_id) ON CONFLICT (mart, source) DO UPDATE "
                "SET source_horizon = excluded.source_horizon, run_id = excluded.run_id "
                "WHERE known.source_horizon <= excluded.source_horizon"
            ),
            rows,
        )


def _is_logged(engine: Engine, now: Released) -> bool:
    """Whether a release whose answer was lost was made, as the log says once the warehouse answers again."""
    for _ in range(ANSWERS):
        try:
            with transaction(engine, ANSWER_SECONDS) as connection:
                sql = f"SELECT count(*) FROM {LOG} WHERE release = :release AND run_id = :run_id"  # noqa: S608
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


def _swapped(connection: Connection, lake: Lake, wanted: Difference) -> Part:
    """Puts the changed rows of a mart in the place of those that are served, and compares what stands there with gold.

    What is served outside the changed periods is known by its checksum; where that does not fit, somebody has altered
    the table, and all of it is replaced.

    Raises:
        Terminal: The rows are not those of gold.
    """
    mart, table = wanted.mart, target(wanted.mart)
    source, where = rows(lake, mart, wanted.state, wanted.periods), of_periods(mart, wanted.periods)
    stage, expected = staged(connection, mart, source), wanted.state.checksum
    if wanted.served is not None and wanted.periods is not None:
        expected = expected - wanted.served.checksum + _measure(connection, table, source.fields, where)
    names = ", ".join(quoted(f.name) for f in source.schema)
    key = ", ".join(map(quoted, of_mart(mart, source.schema).key))
    in_order = f"ORDER BY {key}" if key else ""
    connection.execute(text(f"DELETE FROM {table} WHERE {where}"))  # noqa: S608
    connection.execute(text(f"INSERT INTO {table} ({names}) SELECT {names} FROM {stage} {in_order}"))  # noqa: S608
    found = _measure(connection, table, source.fields, where)
    if found == expected:
        return Part(mart, wanted.periods, tuple(source.fields), found)
    if wanted.periods is None:
        raise _unequal(mart, _measure(connection, stage, source.fields), expected)
    LOGGER.warning("%s is not what release and lake agreed on; all of it is replaced", table)
    connection.execute(text(f"DROP TABLE {stage}"))
    return _swapped(connection, lake, wanted.whole)


def _unequal(mart: Mart, staged: Checksum, expected: Checksum) -> Terminal:
    """Why what stands in the table now is not what gold says."""
    if staged != expected:
        return Terminal(f"mart {mart.name}: {staged.rows} rows staged, {expected.rows} in gold; not released")
    return Terminal(
        f"mart {mart.name}: the columns of {target(mart)} change the values, so that it would not equal gold; "
        "not released. Compare them with the mart's file, then alter or drop the table"
    )


def staged(connection: Connection, mart: Mart, source: Rows) -> str:
    """A table of this transaction that holds the rows."""
    stage, made = quoted(f"stage_{mart.name}"), of_mart(Mart(mart.name, (), ""), source.schema)
    columns = ", ".join(f"{quoted(c.name)} {ddl.named(c.type)}" for c in made.columns)
    connection.execute(text(f"CREATE TEMPORARY TABLE {stage} ({columns}) ON COMMIT DROP"))
    encoder = ArrowToPostgresBinaryEncoder(source.schema)
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {stage} FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.write(encoder.write_header())
        for batch in source.batches():
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())
    return stage


def target(mart: Mart) -> str:
    """The quoted name of a mart's table."""
    return f"{quoted('presentation')}.{quoted(mart.name)}"


def _measure(connection: Connection, table: str, fields: Collection[Field], where: str = "TRUE") -> Checksum:
    sql = f"SELECT count(*), {total([*fields], 'postgres')} FROM {table} WHERE {where}"  # noqa: S608
    row = connection.exec_driver_sql(sql.replace("%", "%%")).one()
    return Checksum(int(row[0]), int(row[1]))
