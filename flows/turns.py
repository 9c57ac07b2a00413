"""Tables begin one after the other, so that the first of them reads while Prefect still begins the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

HELD: ContextVar[ExitStack] = ContextVar("held")


@contextmanager
def turn(beginning: threading.Lock) -> Iterator[None]:
    """Waits until nobody else begins, and holds the others back until `passed`, or the end of the block."""
    with ExitStack() as held:
        held.enter_context(beginning)
        token = HELD.set(held)
        try:
            yield
        finally:
            HELD.reset(token)


def passed() -> None:
    """Whoever is next may begin."""
    HELD.get().close()
