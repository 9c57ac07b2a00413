"""Other bounds than the safe horizon, as other tools take them or as a test needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymysql.connections import Connection

from lakehouse.settings import SourceSettings
from lakehouse.source.connection import rows
from lakehouse.source.horizon import NOW, Horizon
from lakehouse.window import micros

Bound = Callable[..., Horizon]


def clock(connection: Connection[Any], _: SourceSettings) -> Horizon:
    """The source's clock, whoever has not committed yet."""
    now = micros(rows(connection, NOW)[0][0])
    return Horizon(now, now, "the clock")


def newest_cursor(connection: Connection[Any], _: SourceSettings) -> Horizon:
    """The highest cursor there is, wherever it lies."""
    now, newest = rows(connection, "SELECT UTC_TIMESTAMP(6), MAX(updated_at) FROM thing")[0]
    return Horizon(micros(newest) + 1, micros(now), "the newest cursor")


def fixed(at: int) -> Bound:
    """A moment of one's own choosing."""
    return lambda *_: Horizon(at, at, "fixed")
