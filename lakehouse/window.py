"""Watermark algebra: pure functions over microseconds since 1970 in UTC; no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """The half-open interval (low, high] of cursor values, in microseconds."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"a window cannot end before it begins: ({self.low}, {self.high}]")


def micros(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole: int = (aware - EPOCH) // timedelta(microseconds=1)
    return whole


def moment(value: int) -> datetime:
    """The UTC moment of a number of microseconds."""
    return EPOCH + timedelta(microseconds=value)


def floor(value: int, digits: int) -> int:
    """Rounded down to a cursor that keeps `digits` decimals of a second (0 to 6)."""
    step: int = 10 ** (6 - digits)
    return value - value % step


def bound(horizon: int, digits: int = 6) -> int:
    """The highest cursor value that is final at this horizon.

    A row stamped at the horizon or later may still come, with its stamp cut to `digits` decimals of a second:
    so it is the last value below the horizon's own.
    """
    step: int = 10 ** (6 - digits)
    return floor(horizon, digits) - step


def next_window(mark: int, horizon: int, overlap: timedelta, digits: int = 6) -> Window | None:
    """The window to read after `mark`, or None where the horizon has not moved beyond it.

    It begins `overlap` below the mark, so that rows which were late in spite of the horizon are read
    again, and ends at the last value that is final.
    """
    high = bound(horizon, digits)
    if high <= mark:
        return None
    return Window(low=mark - overlap // timedelta(microseconds=1), high=high)


def tail(high: int, overlap: timedelta) -> Window:
    """The part of a window ending at `high` that the next run will read again."""
    return Window(low=high - overlap // timedelta(microseconds=1), high=high)
