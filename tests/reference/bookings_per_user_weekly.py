from collections import defaultdict
from datetime import date

from tests.reference.bookings import Booking, bookings_by, without_rate
from tests.reference.calendar import week_end, week_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum
from tests.reference.world import World


def bookings_per_user_weekly(world: World, as_of: date) -> list[Row]:
    """Per week of booking and user: bookings by status, and the nights and dollars of the confirmed ones.

    A booking whose status is NULL makes no row.
    """
    by_user: dict[tuple[date, int], list[Booking]] = defaultdict(list)
    for booking in bookings_by(world, as_of):
        if booking.status is not None:
            by_user[week_start(booking.booked_on), booking.user].append(booking)
    return [mart_row(week, user, bookings, as_of) for (week, user), bookings in by_user.items()]


def mart_row(week: date, user: int, bookings: list[Booking], as_of: date) -> Row:
    confirmed = [booking for booking in bookings if booking.is_confirmed]
    return {
        "week_start": week,
        "user_id": user,
        "confirmed_bookings": len(confirmed),
        "pending_bookings": sum(booking.status == "pending" for booking in bookings),
        "canceled_bookings": sum(booking.status == "canceled" for booking in bookings),
        "nights": sum(len(booking.nights) for booking in confirmed),
        "spend_usd": known_sum(booking.usd for booking in confirmed),
        "rows_without_rate": without_rate(confirmed),
        "is_partial": week_end(week) > as_of,
    }
