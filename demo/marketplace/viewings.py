"""Viewings: who looked at what."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace.calendar import Calendar
from demo.marketplace.columns import Columns, chosen, height, joined, pick
from demo.marketplace.guests import Crowd

CALLS = {"Contact Agent": 30, "Book Now": 22, "Shortlisted": 24, "Save for Later": 22, "Reported": 2}
WISHED_SHARE = 0.18
LOOKERS_SHARE = 0.8
WEEKS_BEFORE = np.timedelta64(21, "D")


def viewings(
    rng: Generator, calendar: Calendar, crowd: Crowd, apartments: Columns, booked: Columns, count: int
) -> Columns:
    """Those who booked, in the weeks before, and many who never did; by time."""
    looked = _before_booking(rng, calendar, apartments, booked)
    looked = chosen(looked, slice(0, count))
    when = calendar.busy_moments(rng, count - height(looked))
    others = {
        "user_id": crowd.users(len(when)),
        "apartment_id": apartments["id"][crowd.listings(when)],
        "viewed_at": when,
    }
    every = joined([looked, others])
    every = chosen(every, np.argsort(every["viewed_at"], kind="stable"))
    wished = (rng.random(count) < WISHED_SHARE).astype(np.int64)
    return every | {"is_wishlisted": wished, "call_to_action": pick(rng, CALLS, count)}


def _before_booking(rng: Generator, calendar: Calendar, apartments: Columns, booked: Columns) -> Columns:
    lookers = chosen(booked, np.flatnonzero(rng.random(height(booked)) < LOOKERS_SHARE))
    made = lookers["booking_date"].astype("datetime64[us]")
    order = np.argsort(apartments["id"])
    place = order[np.searchsorted(apartments["id"], lookers["apartment_id"], sorter=order)]
    created = apartments["listing_created_on"][place].astype("datetime64[us]")
    return {
        "user_id": lookers["user_id"],
        "apartment_id": lookers["apartment_id"],
        "viewed_at": calendar.between(rng, np.maximum(created, made - WEEKS_BEFORE), made),
    }
