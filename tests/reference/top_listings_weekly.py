from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.reference.bookings import Booking, confirmed_by, without_rate
from tests.reference.calendar import week_end, week_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum, ratio
from tests.reference.world import World


def top_listings_weekly(world: World, as_of: date, top: int = 10) -> list[Row]:
    """Per week of booking, the `top` listings by confirmed revenue; unknown revenue behind any known one.

    Ties go by more bookings, then the smaller id.
    """
    by_week: dict[date, dict[int, list[Booking]]] = defaultdict(lambda: defaultdict(list))
    for booking in confirmed_by(world, as_of):
        by_week[week_start(booking.booked_on)][booking.listing].append(booking)
    rows = []
    for week, by_listing in by_week.items():
        ranked = sorted(by_listing, key=lambda listing: best_first(listing, by_listing[listing]))
        for rank, listing in enumerate(ranked[:top], start=1):
            rows.append(mart_row(week, rank, listing, by_listing[listing], as_of))
    return rows


def best_first(listing: int | None, bookings: list[Booking]) -> tuple[bool, Decimal, int, bool, int]:
    """Sorts by revenue (unknown last), number of bookings, id (unknown last)."""
    revenue = known_sum(booking.usd for booking in bookings)
    return revenue is None, -(revenue or Decimal(0)), -len(bookings), listing is None, listing or 0


def mart_row(week: date, rank: int, listing: int, bookings: list[Booking], as_of: date) -> Row:
    return {
        "week_start": week,
        "rank": rank,
        "apartment_id": listing,
        "bookings": len(bookings),
        "nights": sum(len(booking.nights) for booking in bookings),
        "revenue_usd": known_sum(booking.usd for booking in bookings),
        "adr_usd": average_daily_rate(bookings),
        "rows_without_rate": without_rate(bookings),
        "is_partial": week_end(week) > as_of,
    }


def average_daily_rate(bookings: list[Booking]) -> Decimal | None:
    """All revenue over all nights of the bookings that have a rate."""
    rated = [(booking.usd, len(booking.nights)) for booking in bookings if booking.usd is not None]
    return ratio(sum(usd for usd, _ in rated), sum(nights for _, nights in rated), 2)
