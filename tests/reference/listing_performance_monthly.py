from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.reference.bookings import Booking, confirmed_by
from tests.reference.calendar import month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import ratio
from tests.reference.performance import Facts, facts, figures, year_before
from tests.reference.places import Places
from tests.reference.viewings import Look, looks_by
from tests.reference.world import World


def listing_performance_monthly(world: World, as_of: date) -> list[Row]:
    """Per month and listing: its figures, who looked at it and booked it, and its rank by revenue in its place."""
    places, found = Places(world), facts(world, as_of)
    looks: dict[tuple[date, int], list[Look]] = defaultdict(list)
    for look in looks_by(world, as_of):
        looks[month_start(look.at.date()), look.listing].append(look)
    confirmed = confirmed_by(world, as_of)
    rows = []
    for month, listing in found.keys() | looks.keys():
        city, state = places.of(listing)
        head = {"month_start": month, "apartment_id": listing, "city": city, "state": state}
        numbers = figures(month, found.get((month, listing), Facts()), year_before(found, month, listing), as_of)
        rows.append(head | numbers | seen(looks.get((month, listing), []), confirmed))
    return [row | {"rank": rank(row, rows), "is_partial": month_end(row["month_start"]) > as_of} for row in rows]


def seen(looks: list[Look], confirmed: list[Booking]) -> Row:
    """How often it was looked at, by how many, and how many of them booked."""
    viewers = {look.user for look in looks}
    bookers = {
        look.user
        for look in looks
        if any(look.led_to(booking.user, booking.listing, booking.booked_at) for booking in confirmed)
    }
    return {
        "views": len(looks),
        "viewers": len(viewers),
        "wishlists": sum(look.wished for look in looks),
        "bookers": len(bookers),
        "conversion": ratio(len(bookers), len(viewers), 6),
    }


def rank(row: Row, rows: list[Row]) -> int:
    """One more than the rows of its month and place that come before it."""
    rivals = [other for other in rows if all(other[name] == row[name] for name in ("month_start", "city", "state"))]
    return sorted(map(best_first, rivals)).index(best_first(row)) + 1


def best_first(row: Row) -> tuple[bool, Decimal, int, bool, int]:
    """Sorts by revenue (unknown last), confirmed bookings, number (unknown last)."""
    revenue, listing = row["revenue_usd"], row["apartment_id"]
    return revenue is None, -(revenue or Decimal(0)), -row["confirmed_bookings"], listing is None, listing or 0
