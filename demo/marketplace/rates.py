"""Exchange rates as a central bank publishes them: on weekdays, and for one currency with a hole."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from demo.marketplace.calendar import DAYS, Calendar, Moments
from demo.marketplace.cities import USD_PER_UNIT
from demo.marketplace.columns import Columns, joined

GAP_CURRENCY = "SEK"
GAP_DAYS = (200, 228)
LONGEST_REACH = 7
WARM_UP = 14


def rates(rng: Generator, calendar: Calendar) -> Columns:
    """One row per currency and weekday, from two weeks before the history to yesterday."""
    return joined([_walk(rng, calendar, currency) for currency in USD_PER_UNIT])


def unrated(calendar: Calendar) -> tuple[np.datetime64, np.datetime64]:
    """The first and the last day on which the latest rate of the currency with the hole is too old."""
    latest = calendar.today - GAP_DAYS[1]
    return np.busday_offset(latest, 0, roll="backward") + LONGEST_REACH + 1, _first_after_gap(calendar) - 1


def _walk(rng: Generator, calendar: Calendar, currency: str) -> Columns:
    days = _published(calendar, currency)
    rate = USD_PER_UNIT[currency] * np.exp(np.cumsum(rng.normal(0, 0.003, len(days))))
    return {
        "currency": np.full(len(days), currency, object),
        "rate_date": days,
        "usd_per_unit": rate,
        "updated_at": _afternoon(days, sum(map(ord, currency))),
    }


def _published(calendar: Calendar, currency: str) -> NDArray[np.datetime64]:
    days = calendar.today - np.arange(DAYS + WARM_UP, 0, -1)
    days = days[np.is_busday(days)]
    if currency != GAP_CURRENCY:
        return days
    return days[(days <= calendar.today - GAP_DAYS[1]) | (days >= _first_after_gap(calendar))]


def _first_after_gap(calendar: Calendar) -> np.datetime64:
    return np.busday_offset(calendar.today - GAP_DAYS[0], 0, roll="forward")


def _afternoon(days: NDArray[np.datetime64], seconds: int) -> Moments:
    return days.astype("datetime64[us]") + np.timedelta64(15, "h") + np.timedelta64(seconds, "s")
