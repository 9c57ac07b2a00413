"""A Spark cluster that somebody else started."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlparse

from lakehouse.contracts import Terminal, Transient

CONNECT_SECONDS = 5


def refuse_absent(master: str) -> None:
    """Looks whether somebody listens there.

    Raises:
        Terminal: The address is none.
        Transient: Nobody does.
    """
    for address in master.partition("://")[2].split(","):
        try:
            found = urlparse(f"//{address.partition('/')[0]}")
            host, port = found.hostname, found.port
        except ValueError:
            host = port = None
        if not host or not port:
            raise Terminal(f"LAKEHOUSE_SPARK__MASTER is {master}: an address is spark://host:port")
        with suppress(OSError), socket.create_connection((host, port), CONNECT_SECONDS):
            return
    raise absent(master)


def absent(master: str) -> Transient:
    """That nobody answers there."""
    return Transient(f"no Spark answers at {master}; nothing was done. Is it up, and is LAKEHOUSE_SPARK__MASTER right?")
