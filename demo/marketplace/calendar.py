"""Three years up to today: the days of the marketplace's history and how busy each was."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

DAYS = 3 * 365
FOUNDERS = 0.1
FOUNDING_DAYS = 20
SUPPLY_GROWTH = 3
WEEKDAY = np.array((0.9, 0.9, 0.95, 1.0, 1.15, 1.2, 1.1))
MONDAY = np.datetime64("1970-01-05")
DAY = np.timedelta64(1, "D")
MICROSECONDS = 86_400_000_000

Moments = NDArray[np.datetime64]


class Calendar:
    """The days from `start` to the day before `today`; nothing happens from `today` on."""

    def __init__(self, today: date) -> None:
        self.today = np.datetime64(today, "D")
        self.start = self.today - DAYS * DAY
        self.end = self.today.astype("datetime64[us]")
        self._busy = np.cumsum(self._weights())

    def busy_moments(self, rng: Generator, count: int, first: int = 0) -> Moments:
        """Times drawn as guests come: more with every new listing, in summer, at weekends; sorted."""
        low = self._busy[first - 1] if first else 0.0
        days = np.searchsorted(self._busy, rng.uniform(low, self._busy[-1], count), side="right")
        return np.sort(self._moments(rng, np.minimum(days, DAYS - 1)))

    def creations(self, rng: Generator, count: int) -> Moments:
        """Times at which listings appear: some in the first weeks, then ever more; sorted."""
        founders = round(count * FOUNDERS)
        first = rng.integers(0, FOUNDING_DAYS, founders)
        later = (DAYS * rng.random(count - founders) ** (1 / SUPPLY_GROWTH)).astype(np.int64)
        return np.sort(self._moments(rng, np.concatenate((first, later))))

    def between(self, rng: Generator, low: Moments, high: Moments) -> Moments:
        """Times from `low` to `high`, always before today."""
        room = np.maximum((np.minimum(high, self.end - 1) - low).astype(np.int64), 0)
        return low + (room * rng.random(len(room))).astype("timedelta64[us]")

    def _moments(self, rng: Generator, days: NDArray[np.int64]) -> Moments:
        start = self.start.astype("datetime64[us]")
        return start + days * MICROSECONDS + rng.integers(0, MICROSECONDS, len(days))

    def _weights(self) -> NDArray[np.float64]:
        share = np.arange(DAYS) / DAYS
        supply = FOUNDERS + (1 - FOUNDERS) * share**SUPPLY_GROWTH
        day = self.start + np.arange(DAYS)
        number = (day - day.astype("datetime64[Y]")).astype(np.int64)
        season = 1 + 0.3 * np.cos(2 * np.pi * (number - 200) / 365)
        return supply * season * (0.8 + 0.2 * share) * WEEKDAY[(day - MONDAY).astype(np.int64) % 7]
