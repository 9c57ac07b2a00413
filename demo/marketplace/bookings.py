"""Bookings: three years of stays that do not overlap, and how each stands today."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace.calendar import Calendar, Moments
from demo.marketplace.columns import Array, Columns, chosen, pick
from demo.marketplace.guests import Crowd

SPARE = 1.5
CANCELED_SHARE = 0.095
MEAN_LEAD, LONGEST_LEAD = 24, 90
QUIET_DAYS = 21
PENDING_DAYS, PENDING_SHARE = 30, 0.3
NIGHTS = dict(enumerate((36, 48, 40, 24, 16, 8, 14, 3, 2, 2, 1, 1, 1, 3), 1))
GUESTS = {1: 20, 2: 45, 3: 12, 4: 14, 5: 5, 6: 4}
PAYMENTS = {"canceled": "refunded", "completed": "paid", "pending": "pending", "confirmed": "paid"}
FAILED_SHARE = 0.2
CHECKOUT_TIME = np.timedelta64(11, "h")
DAY = np.timedelta64(1, "D")
MORE_THAN_ANY_DAY = 1_000_000


def bookings(rng: Generator, calendar: Calendar, crowd: Crowd, apartments: Columns, count: int) -> Columns:
    """Bookings by date."""
    wishes = _agreed(rng, calendar, crowd, count)
    made = wishes["when"].astype("datetime64[s]")
    stay = stays(rng, chosen(apartments, wishes["listing"]), wishes["arrival"], wishes["nights"])
    status, changed = _state(rng, calendar, made.astype("datetime64[us]"), wishes)
    payment = np.vectorize(PAYMENTS.get, otypes=[object])(status)
    payment[(status == "canceled") & (rng.random(count) < FAILED_SHARE)] = "failed"
    return {
        "booking_id": np.arange(1, count + 1),
        "user_id": crowd.users(count),
        "booking_date": made,
        **stay,
        "booking_status": status,
        "payment_status": payment,
        "updated_at": changed,
    }


def stays(rng: Generator, apartments: Columns, arrival: Array, nights: Array) -> Columns:
    """What a booking says about the stay: listing, days, price, guests."""
    count = len(nights)
    return {
        "apartment_id": apartments["id"],
        "checkin_date": arrival,
        "checkout_date": arrival + nights * DAY,
        "total_price": np.round(apartments["price"] * nights * rng.uniform(0.85, 1.25, count), 2),
        "currency": apartments["currency"],
        "num_guests": pick(rng, GUESTS, count).astype(np.int64),
    }


def lengths(rng: Generator, count: int) -> Array:
    """Nights of stays: mostly a weekend, some a week or two."""
    return pick(rng, NIGHTS, count).astype(np.int64)


def leads(rng: Generator, count: int) -> Array:
    """Days between the booking and the arrival."""
    reached = 1 - np.exp(-LONGEST_LEAD / MEAN_LEAD)
    return (-MEAN_LEAD * np.log(1 - reached * rng.random(count))).astype("timedelta64[D]")


def _agreed(rng: Generator, calendar: Calendar, crowd: Crowd, count: int) -> Columns:
    """Wishes that were granted: those that do not overlap another, and canceled ones."""
    spare = SPARE
    while True:
        wishes = _wishes(rng, calendar, crowd, round(count * spare))
        granted = np.flatnonzero(_possible(wishes))
        if len(granted) >= count:
            return chosen(wishes, np.sort(rng.choice(granted, count, replace=False, shuffle=False)))
        spare *= 2


def _wishes(rng: Generator, calendar: Calendar, crowd: Crowd, count: int) -> Columns:
    when = calendar.busy_moments(rng, count, QUIET_DAYS)
    return {
        "when": when,
        "listing": crowd.listings(when),
        "arrival": when.astype("datetime64[D]") + leads(rng, count),
        "nights": lengths(rng, count),
        "canceled": rng.random(count) < CANCELED_SHARE,
    }


def _possible(wishes: Columns) -> Array:
    """Where a stay begins after the last granted one of its listing has ended; canceled ones hinder nobody."""
    arrival = wishes["arrival"].astype(np.int64)
    order = np.lexsort((arrival, wishes["listing"]))
    order = order[~wishes["canceled"][order]]
    listing = wishes["listing"][order]
    begin = listing * MORE_THAN_ANY_DAY + arrival[order]
    following = np.searchsorted(begin, begin + wishes["nights"][order])
    result = wishes["canceled"].copy()
    turn = np.flatnonzero(np.diff(listing, prepend=-1))
    while len(turn):
        result[order[turn]] = True
        after = following[turn]
        same = listing[np.minimum(after, len(listing) - 1)] == listing[turn]
        turn = after[same & (after < len(listing))]
    return result


def _state(rng: Generator, calendar: Calendar, made: Moments, wishes: Columns) -> tuple[Array, Moments]:
    """How each booking stands today, and when it last changed."""
    count, canceled = len(made), wishes["canceled"]
    arriving = wishes["arrival"].astype("datetime64[us]")
    leaving = arriving + wishes["nights"] * DAY + CHECKOUT_TIME
    settled = leaving + (rng.random(count) * 86_400 * 3).astype("timedelta64[s]") < calendar.end
    completed = settled & ~canceled
    fresh = made > calendar.end - PENDING_DAYS * DAY
    pending = fresh & (rng.random(count) < PENDING_SHARE) & ~canceled & ~completed
    low = np.where(completed, leaving, made)
    high = np.select([canceled, completed], [arriving, leaving + DAY], made + 2 * DAY)
    status = np.full(count, "confirmed", object)
    for mask, name in ((canceled, "canceled"), (completed, "completed"), (pending, "pending")):
        status[mask] = name
    return status, calendar.between(rng, low, high)
