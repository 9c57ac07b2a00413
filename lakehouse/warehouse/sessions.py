"""Transactions with the warehouse that end by a deadline, whatever the network does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine

from lakehouse.warehouse.errors import explained


@contextmanager
def transaction(engine: Engine, deadline: float) -> Iterator[Connection]:
    """A transaction, committed at its end; after so many seconds its connection is cut.

    Raises:
        Terminal, Transient: What the driver says, in our words.
    """
    with explained(engine), engine.begin() as connection:
        timer = threading.Timer(deadline, _cut, (connection.connection.driver_connection,))
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()


def _cut(raw: Any) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(raw.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
