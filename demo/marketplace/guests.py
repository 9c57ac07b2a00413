"""Who books what: faithful guests, popular places and listings."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace.calendar import Moments
from demo.marketplace.cities import DEMAND
from demo.marketplace.columns import Array, Columns

FIRST_USER = 10_001
FAITHFUL = 1.6
MOST_POPULAR = 6.0
SWITCHED_OFF = 0.06


class Crowd:
    """Draws users, few of whom come often, and listings that exist by then, few of which are sought."""

    def __init__(self, rng: Generator, users: int, apartments: Columns, cities: Array) -> None:
        """Takes the listings by date of creation, and the city of each."""
        count = len(cities)
        sought = np.minimum(1 + rng.pareto(2, count), MOST_POPULAR)
        demand = np.array([DEMAND.get(city, 1.0) for city in cities])
        switched_off = np.where(apartments["is_active"], 1, SWITCHED_OFF)
        self._rng = rng
        self._users = users
        self._created = apartments["listing_created_on"].astype("datetime64[us]")
        self._popularity = np.cumsum(sought * demand * switched_off)

    def users(self, count: int) -> Array:
        """Ids of users; low ones come often."""
        return FIRST_USER + (self._users * self._rng.random(count) ** FAITHFUL).astype(np.int64)

    def listings(self, when: Moments) -> Array:
        """Positions of listings created before these times; the very first where there is none."""
        known = np.maximum(np.searchsorted(self._created, when), 1)
        drawn = self._rng.random(len(when)) * self._popularity[known - 1]
        return np.minimum(np.searchsorted(self._popularity, drawn, side="right"), known - 1)
