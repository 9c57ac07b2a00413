"""Transactions with the warehouse that end by a deadline, whatever the network does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine

from lakehouse.contracts import Transient
from lakehouse.warehouse.errors import explained

ANSWER_SECONDS = 120.0


@contextmanager
def session(engine: Engine, deadline: float) -> Iterator[Connection]:
    """A connection of its own for several transactions; its temporary tables are gone with it.

    Raises:
        Terminal, Transient: What the driver says, in our words.
    """
    with _cut_after(engine, deadline) as connection:
        try:
            yield connection
        finally:
            connection.invalidate()


@contextmanager
def transaction(engine: Engine, deadline: float) -> Iterator[Connection]:
    """A transaction, committed at its end; after so many seconds its connection is cut.

    Raises:
        Terminal, Transient: What the driver says, in our words.
    """
    with _cut_after(engine, deadline) as connection, connection.begin():
        yield connection


@contextmanager
def _cut_after(engine: Engine, deadline: float) -> Iterator[Connection]:
    with explained(engine), _connected(engine, deadline) as connection:
        timer = threading.Timer(deadline, _cut, (connection.connection.driver_connection,))
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()


def _connected(engine: Engine, deadline: float) -> Connection:
    """A connection; what the driver asks on a new one is waited for no longer than that."""
    found: Future[Connection] = Future()

    def connect() -> None:
        try:
            found.set_result(engine.connect())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        return found.result(deadline)
    except TimeoutError:
        raise Transient(f"warehouse {engine.url.host}:{engine.url.port} says nothing; try again") from None


def _cut(raw: Any) -> None:
    """Redshift's driver does not tell its socket in public."""
    line = raw if hasattr(raw, "fileno") else raw._usock
    with suppress(OSError), socket.socket(fileno=os.dup(line.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
