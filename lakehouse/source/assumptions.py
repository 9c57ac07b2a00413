"""Everything that is taken for granted of a source, looked at on the server itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import pymysql
from pymysql.connections import Connection

from lakehouse.contracts import PipelineError, Table, Terminal
from lakehouse.quoting import mysql
from lakehouse.settings import SourceSettings
from lakehouse.source import contract
from lakehouse.source.connection import rows
from lakehouse.source.horizon import NO_PRIVILEGE, Horizon, safe_horizon

CLOCK_SECONDS = 5
PROBE = "a|~|é"
TABLE = """
SELECT ENGINE, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
COLLATIONS = """
SELECT COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLLATION_NAME IS NOT NULL
"""


class Finding(NamedTuple):
    """One assumption: whether it holds, and what is to be known or done."""

    about: str
    holds: bool
    says: str


def look(connection: Connection[Any], source: SourceSettings, tables: list[Table]) -> Iterator[Finding]:
    """The findings, those of the server first, then those of each table."""
    for about, question in SERVER.items():
        yield _found(about, partial(question, connection, source))
    for table in tables:
        yield _found(f"table {table.name}", partial(_table, connection, source, table))


def _found(about: str, question: Callable[[], str]) -> Finding:
    try:
        return Finding(about, holds=True, says=question())
    except PipelineError as error:
        return Finding(about, holds=False, says=str(error))
    except pymysql.err.MySQLError as error:
        return Finding(about, holds=False, says=f"the server answers with error {error.args[0]}")


def _version(connection: Connection[Any], _: SourceSettings) -> str:
    (version,) = rows(connection, "SELECT VERSION()")[0]
    return str(version)


def _session(connection: Connection[Any], _: SourceSettings) -> str:
    zone, mode = rows(connection, "SELECT @@time_zone, @@sql_mode")[0]
    return f"time zone {zone}, repeatable read, sql_mode {mode}"


def _encryption(connection: Connection[Any], source: SourceSettings) -> str:
    (_, cipher) = rows(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0]
    if not cipher and source.host not in ("127.0.0.1", "::1", "localhost"):
        raise Terminal("the connection is not encrypted; set LAKEHOUSE_SOURCE__TLS=verify and __CA")
    return str(cipher or "none, on loopback")


def _horizon(connection: Connection[Any], source: SourceSettings) -> str:
    found: Horizon = safe_horizon(connection, source)
    if found.unproven:
        raise Terminal(f"cannot see {'; '.join(found.unproven)}. Until then {found.evidence}")
    return found.evidence + (f"; {found.warning}" if found.warning else "")


def _clock(connection: Connection[Any], _: SourceSettings) -> str:
    (there,) = rows(connection, "SELECT UTC_TIMESTAMP(6)")[0]
    apart = abs((datetime.now(UTC).replace(tzinfo=None) - there).total_seconds())
    if apart > CLOCK_SECONDS:
        raise Terminal(f"the server's clock and ours are {apart:.0f} s apart; no row is lost by it, but set them right")
    return f"{apart:.1f} s from ours"


def _checksum(connection: Connection[Any], _: SourceSettings) -> str:
    try:
        ((found,),) = rows(connection, "SELECT CONV(SUBSTR(MD5(%s), 1, 13), 16, 10)", (PROBE,))
    except pymysql.err.MySQLError as error:
        if error.args[0] in NO_PRIVILEGE:
            raise
        raise Terminal("the server has no MD5(), which proofs need; MySQL 9 is not supported yet") from None
    ours = int(hashlib.md5(PROBE.encode(), usedforsecurity=False).hexdigest()[:13], 16)
    if int(found) != ours:
        raise Terminal(f"MD5 and CONV give {found} instead of {ours}; no proof would balance")
    return "MD5 and CONV agree with ours"


def _packet(connection: Connection[Any], _: SourceSettings) -> str:
    ((size,),) = rows(connection, "SELECT @@max_allowed_packet")
    return f"values up to {int(size) >> 20} MB can be read"


def _table(connection: Connection[Any], source: SourceSettings, table: Table) -> str:
    found = rows(connection, TABLE, (table.source_name,))
    if found and found[0][0] != "InnoDB":
        raise Terminal(
            f"its engine is {found[0][0]}, which has no snapshots: "
            f"ALTER TABLE {mysql(table.source_name)} ENGINE = InnoDB"
        )
    notes = list(contract.check(connection, table, datetime_is_utc=source.datetime_is_utc))
    collations = dict(rows(connection, COLLATIONS, (table.source_name,)))
    for key in (table.column(k).source_name for k in table.key):
        if collations.get(key, "_bin").endswith("_ci"):
            notes.append(f"{key} is compared without case there and with it here: a change of case is a new key")
    return "; ".join(notes) or f"as declared, about {found[0][1]:,} rows"


SERVER: dict[str, Callable[[Connection[Any], SourceSettings], str]] = {
    "version": _version,
    "session": _session,
    "encryption": _encryption,
    "safe horizon": _horizon,
    "clock": _clock,
    "checksum": _checksum,
    "largest value": _packet,
}
