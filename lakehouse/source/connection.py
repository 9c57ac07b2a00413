"""Connections to the source: verified TLS, pinned session, a timeout on everything."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql
from pymysql.connections import Connection

from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.settings import SourceSettings

CONNECT_SECONDS = 5
DENIED = (1044, 1045, 1142, 1143, 1227)
PINS = (
    "SET time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)
NO_ENCRYPTION = 2026
UNKNOWN = {1049: "database", 1146: "table", 1054: "column"}


@contextmanager
def connect(source: SourceSettings) -> Iterator[Connection[Any]]:
    """A read-only session in UTC at REPEATABLE READ.

    Raises:
        Terminal: Refused: user, password, privileges, certificate, or a name that does not exist.
        Transient: Unreachable, or lost on the way.
    """
    connection = _opened(source, source.read_timeout_seconds)
    try:
        for pin in PINS[1:]:
            rows(connection, pin)
        yield connection
    except pymysql.err.MySQLError as error:
        if not isinstance(error.__context__, TimeoutError):
            raise explained(error, source) from None
        stop(source, connection.thread_id())
        raise Transient(
            f"source {source.host}:{source.port}: a statement had no answer after {source.read_timeout_seconds} s and "
            "was ended there; if it needs longer, raise LAKEHOUSE_SOURCE__READ_TIMEOUT_SECONDS"
        ) from None
    finally:
        connection.close()


def stop(source: SourceSettings, thread: int) -> None:
    """Ends a connection from another one: a server goes on with a statement that nobody listens to."""
    with suppress(PipelineError, pymysql.err.MySQLError), closing(_opened(source, CONNECT_SECONDS)) as connection:
        rows(connection, "KILL %s", (thread,))


def _opened(source: SourceSettings, read_timeout: int) -> Connection[Any]:
    try:
        return pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password.get_secret_value(),
            database=source.database,
            charset="utf8mb4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_timeout,
            write_timeout=CONNECT_SECONDS,
            autocommit=True,
            ssl=_tls(source),
            ssl_disabled=source.tls == "off",  # or each connection would look for encryption that nobody verifies
            init_command=PINS[0],
        )
    except pymysql.err.MySQLError as error:
        raise explained(error, source) from None


def rows(connection: Connection[Any], sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All rows of a small result."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def url(source: SourceSettings) -> str:
    """The address for connectorx; holds the password, so it must never be shown."""
    user, password, database = (
        quote(part, safe="") for part in (source.user, source.password.get_secret_value(), source.database)
    )
    address = f"mysql://{user}:{password}@{host_and_port(source)}/{database}"
    if source.tls == "off":
        return f"{address}?prefer_socket=false&ssl-mode=DISABLED"
    ca = f"&ssl-ca={quote(str(source.ca), safe='')}" if source.ca else ""
    return f"{address}?prefer_socket=false&ssl-mode=VERIFY_IDENTITY{ca}"


def host_and_port(source: SourceSettings) -> str:
    """Where the source is, in the form of a URL: an IPv6 address stands in brackets."""
    host = f"[{source.host}]" if ":" in source.host else source.host
    return f"{host}:{source.port}"


def explained(error: Exception, source: SourceSettings) -> PipelineError:
    """An error of the driver in our words and in one of our two families."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    where = f"source {source.host}:{source.port}"
    if code in DENIED:
        return Terminal(
            f"{where} refused user {source.user} on {source.database}; "
            "check LAKEHOUSE_SOURCE__USER, __PASSWORD and grants"
        )
    if code in UNKNOWN:
        return Terminal(f"{where}: {UNKNOWN[code]} does not exist: {error.args[1]}; check the declaration")
    if code == NO_ENCRYPTION or isinstance(getattr(error, "original_exception", None), ssl.SSLError):
        said = "offers no encryption" if code == NO_ENCRYPTION else "shows a certificate that is not trusted"
        return Terminal(f"{where} {said}; check LAKEHOUSE_SOURCE__CA; LAKEHOUSE_SOURCE__TLS=off is for loopback only")
    if code in (2002, 2003):
        return Transient(f"{where} is unreachable; check LAKEHOUSE_SOURCE__HOST and __PORT, and that it runs")
    if code in (2006, 2013, 1412, 1205, 1213, 1053, 1927, 1317, 1040):
        return Transient(f"{where}: connection or statement lost (error {code}); it is safe to run again")
    return Terminal(f"{where}: error {code} ({type(error).__name__})")


def _tls(source: SourceSettings) -> ssl.SSLContext | None:
    if source.tls == "off":
        return None
    try:
        return _trusting(source.ca)
    except OSError as error:
        raise Terminal(
            f"LAKEHOUSE_SOURCE__CA names {source.ca}, which cannot be read as certificates ({type(error).__name__}); "
            "set it to the file of the source's authorities"
        ) from None


@cache  # a start opens a dozen connections, and reading the authorities takes longer than a handshake
def _trusting(ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca) if ca else None)
