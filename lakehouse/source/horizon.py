"""The safe horizon: a moment below which no row can still be committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymysql.connections import Connection

from lakehouse.settings import SourceSettings
from lakehouse.source.connection import rows
from lakehouse.window import micros

NOW = "SELECT UTC_TIMESTAMP(6)"
TRANSACTIONS = "SELECT MIN(trx_started) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID()"
STATEMENTS = """
SELECT UTC_TIMESTAMP(6) - INTERVAL MAX(TIME_MS) * 1000 MICROSECOND
FROM information_schema.PROCESSLIST
WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID() AND USER <> 'system user'
"""


@dataclass(frozen=True)
class Horizon:
    """The bound of a run, in microseconds, the source's clock, and what it rests on."""

    at: int
    now: int
    evidence: str


def safe_horizon(connection: Connection[Any], source: SourceSettings) -> Horizon:
    """The oldest of: the source's clock, the oldest open transaction, the oldest running statement; less the grace."""
    now = _moment(connection, NOW)
    assert now is not None
    oldest = {"clock": now}
    for name, sql in (("open transaction", TRANSACTIONS), ("running statement", STATEMENTS)):
        found = _moment(connection, sql)
        if found is not None:
            oldest[name] = found
    holder = min(oldest, key=lambda name: oldest[name])
    grace = int(source.grace_seconds * 1_000_000)
    return Horizon(at=oldest[holder] - grace, now=now, evidence=f"{holder}, grace {source.grace_seconds:g} s")


def _moment(connection: Connection[Any], sql: str) -> int | None:
    value = rows(connection, sql)[0][0]
    return micros(value) if isinstance(value, datetime) else None
