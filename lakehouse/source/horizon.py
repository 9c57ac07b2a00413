"""The safe horizon: a moment below which no row can still be committed.

A row is stamped when its statement starts and seen when its transaction commits. So the horizon is the oldest
of the source's clock, the start of every statement that runs or waits, and the start of every transaction that
has changed rows, with the statements in it. They are asked in this order, clock first: what has left one place
by then is in the next, or committed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import pymysql
from pymysql.connections import Connection

from lakehouse.contracts import Terminal
from lakehouse.settings import SourceSettings
from lakehouse.source.connection import rows
from lakehouse.window import micros, moment

SECOND = 1_000_000
TRX_CACHE_SECONDS = 0.12  # INNODB_TRX answers from a cache of a tenth of a second
CLOCK_SLACK = 10_000  # a start told as an age is off by rounding,
CLOCK_DRIFT = 1_000  # and by one part in so many between the server's timers and its clock
NO_PRIVILEGE = (1142, 1227)
SYSTEM_UTC = "CONVERT_TZ({local}, 'SYSTEM', '+00:00')"  # trx_started is told in the zone of the server's machine
EARLIER = f"{SYSTEM_UTC} - INTERVAL 1 HOUR"
UTC_OF = (
    f"IF(CONVERT_TZ({EARLIER}, '+00:00', 'SYSTEM') = {{local}}, {EARLIER}, {SYSTEM_UTC})"  # autumn has an hour twice
)
NOW = "SELECT UTC_TIMESTAMP(6)"
READ_ONLY = "SELECT @@read_only, @@innodb_read_only"
APPLIERS = """
SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'system user' AND COMMAND <> 'Daemon'
"""
STATEMENTS = """
SELECT UTC_TIMESTAMP(6) - INTERVAL {age} MICROSECOND started, ID FROM information_schema.PROCESSLIST
WHERE ID <> CONNECTION_ID() AND USER <> 'system user'
  AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')
ORDER BY started LIMIT 1
"""
AGES = {True: "CAST(GREATEST(TIME_MS, 0) * 1000 AS SIGNED)", False: "(GREATEST(TIME, 0) + 1) * 1000000"}
TRANSACTIONS = f"""
SELECT {UTC_OF.format(local="MIN(trx_started)")}, trx_mysql_thread_id FROM information_schema.INNODB_TRX
WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_rows_modified > 0
GROUP BY trx_mysql_thread_id ORDER BY 1 LIMIT 1
"""  # noqa: S608
HISTORY = f"""
SELECT UTC_TIMESTAMP(6) - INTERVAL ((mine.TIMER_START - s.TIMER_START) DIV 1000000) MICROSECOND started,
  t.PROCESSLIST_ID, UTC_TIMESTAMP(6) - INTERVAL ((mine.TIMER_START - s.TIMER_END) DIV 1000000) MICROSECOND ended,
  {UTC_OF.format(local="x.trx_started")} begun
FROM information_schema.INNODB_TRX x
JOIN performance_schema.threads t ON t.PROCESSLIST_ID = x.trx_mysql_thread_id
JOIN performance_schema.events_statements_history s ON s.THREAD_ID = t.THREAD_ID
JOIN (SELECT c.TIMER_START FROM performance_schema.events_statements_current c
      JOIN performance_schema.threads o USING (THREAD_ID) WHERE o.PROCESSLIST_ID = CONNECTION_ID()) mine
WHERE x.trx_rows_modified > 0 AND x.trx_mysql_thread_id <> CONNECTION_ID()
"""  # noqa: S608
HISTORY_IS_ON = """
SELECT @@performance_schema = 1 AND COUNT(*) = 2, @@performance_schema_events_statements_history_size
FROM performance_schema.setup_consumers
WHERE NAME IN ('events_statements_current', 'events_statements_history') AND ENABLED = 'YES'
"""
BLIND = "transactions and statements of others: grant PROCESS"
NO_HISTORY = "statements that waited for a lock before their transaction began: switch on the statement history"
CUT_HISTORY = "the first statements of thread {}: its history is cut off"


class Held(NamedTuple):
    """A moment and what holds the horizon there."""

    at: int
    by: str


@dataclass(frozen=True)
class Horizon:
    """The bound of a run, in microseconds: no row stamped at it or later has been read, none before it can come.

    Attributes:
        at: The bound.
        now: The source's clock when it was taken.
        evidence: What was asked, and what holds the bound.
        unproven: What could not be asked, and what to do about it; the declared grace stands in for it.
        warning: Who holds the bound back beyond the declared lag.
    """

    at: int
    now: int
    evidence: str
    unproven: tuple[str, ...] = ()
    warning: str = ""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What somebody should know of it, one sentence each."""
        gaps = tuple(f"not proven, the grace stands in: {gap}" for gap in self.unproven)
        return (*gaps, self.warning) if self.warning else gaps


def safe_horizon(connection: Connection[Any], source: SourceSettings) -> Horizon:
    """The horizon by all the evidence that this user may see, less the declared grace.

    Raises:
        Terminal: The server is a replica: its rows come late whatever their stamps say.
    """
    _refuse_replica(connection, source)
    now = micros(rows(connection, NOW)[0][0])
    held, asked, unproven = [Held(now, "the clock")], ["clock"], []
    try:
        held += _aged(_statements(connection), now)
        time.sleep(TRX_CACHE_SECONDS)
        held += _oldest(connection, TRANSACTIONS, "an open transaction")
        asked += ["statements", "transactions"]
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        unproven.append(BLIND)
    if not unproven:
        found, gaps = _history(connection)
        held += _aged(found, now)
        unproven += gaps
        asked += [] if NO_HISTORY in gaps else ["statement history"]
    first = min(held)
    grace = source.blind_grace_seconds if BLIND in unproven else source.grace_seconds
    return Horizon(
        at=first.at - int(grace * SECOND),
        now=now,
        evidence=f"{', '.join(asked)}; held by {first.by}, grace {grace:g} s",
        unproven=tuple(unproven),
        warning=_warning(first, now, source),
    )


def _statements(connection: Connection[Any]) -> list[Held]:
    (version,) = rows(connection, "SELECT VERSION()")[0]
    return _oldest(connection, STATEMENTS.format(age=AGES["mariadb" in version.lower()]), "a running statement")


def _oldest(connection: Connection[Any], sql: str, what: str) -> list[Held]:
    return [Held(micros(at), f"{what} of thread {thread}") for at, thread in rows(connection, sql) if at is not None]


def _aged(found: list[Held], now: int) -> list[Held]:
    return [Held(at - CLOCK_SLACK - max(now - at, 0) // CLOCK_DRIFT, by) for at, by in found]


def _history(connection: Connection[Any]) -> tuple[list[Held], list[str]]:
    """The statements of open transactions, from the one that began each, and what is not known of them."""
    try:
        is_on, size = rows(connection, HISTORY_IS_ON)[0]
        found = rows(connection, HISTORY) if is_on else []
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        is_on, size, found = False, 0, []
    if not is_on:
        return [], [NO_HISTORY]
    inside = [(started, thread) for started, thread, ended, begun in found if ended >= begun]
    threads = {thread for _, thread in inside}
    cut = [thread for thread in sorted(threads) if sum(other == thread for _, other in inside) >= size]
    held = [Held(micros(started), f"a statement in the open transaction of thread {t}") for started, t in inside]
    return held, [CUT_HISTORY.format(thread) for thread in cut]


def _refuse_replica(connection: Connection[Any], source: SourceSettings) -> None:
    where, remedy = f"source {source.host}:{source.port}", "name the writer endpoint in LAKEHOUSE_SOURCE__HOST"
    if any(rows(connection, READ_ONLY)[0]):
        raise Terminal(f"{where} is read only, so a replica; {remedy}")
    if rows(connection, APPLIERS)[0][0]:
        raise Terminal(f"{where} applies the changes of another server, so rows come late; {remedy}")


def _warning(first: Held, now: int, source: SourceSettings) -> str:
    behind = (now - first.at) / SECOND
    if behind <= source.horizon_lag_seconds:
        return ""
    return f"{first.by} has held the horizon at {moment(first.at):%F %T} UTC for {behind:.0f} s: later rows wait"
