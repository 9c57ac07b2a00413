"""The rows of all tables before anything is wrong with them."""

from __future__ import annotations

from collections.abc import Collection

from demo.marketplace.bookings import bookings
from demo.marketplace.calendar import Calendar
from demo.marketplace.columns import Columns, generator
from demo.marketplace.guests import Crowd
from demo.marketplace.listings import listings
from demo.marketplace.rates import rates
from demo.marketplace.viewings import viewings

LISTINGS, BOOKINGS, VIEWINGS, USERS = 5_000, 60_000, 200_000, 16_000
SMALLEST = 0.01


def tables_of(calendar: Calendar, scale: float, seed: int, wanted: Collection[str]) -> dict[str, Columns]:
    """The clean rows of these tables and of those that they depend on."""
    apartments, attributes = listings(generator(seed, "listings"), calendar, round(LISTINGS * scale))
    made = {"apartments": apartments, "apartment_attributes": attributes}
    made["exchange_rates"] = rates(generator(seed, "rates"), calendar)
    if {"bookings", "user_viewing"}.isdisjoint(wanted):
        return made
    crowd = Crowd(generator(seed, "guests"), round(USERS * scale), apartments, attributes["cityname"])
    count = round(BOOKINGS * scale)
    made["bookings"] = bookings(generator(seed, "bookings"), calendar, crowd, apartments, count)
    if "user_viewing" in wanted:
        rng, count = generator(seed, "viewings"), round(VIEWINGS * scale)
        made["user_viewing"] = viewings(rng, calendar, crowd, apartments, made["bookings"], count)
    return made
