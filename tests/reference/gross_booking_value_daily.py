from collections import defaultdict
from datetime import date

from tests.reference.bookings import Booking, bookings_by, canceled_by, without_rate
from tests.reference.cleaning import Row
from tests.reference.money import known_sum
from tests.reference.world import World


def gross_booking_value_daily(world: World, as_of: date) -> list[Row]:
    """Per day: the dollars of the bookings made on it (all but the pending), and of those canceled on it."""
    made: dict[date, list[Booking]] = defaultdict(list)
    canceled: dict[date, list[Booking]] = defaultdict(list)
    for booking in bookings_by(world, as_of):
        if booking.is_confirmed or booking.status == "canceled":
            made[booking.booked_on].append(booking)
    for booking, day in canceled_by(world, as_of):
        canceled[day].append(booking)
    return [mart_row(day, made.get(day, []), canceled.get(day, [])) for day in made.keys() | canceled.keys()]


def mart_row(day: date, made: list[Booking], canceled: list[Booking]) -> Row:
    signed = [booking.usd for booking in made]
    signed += [None if booking.usd is None else -booking.usd for booking in canceled]
    return {
        "day": day,
        "bookings": len(made),
        "gross_usd": known_sum(booking.usd for booking in made),
        "cancellations": len(canceled),
        "canceled_usd": known_sum(booking.usd for booking in canceled),
        "net_usd": known_sum(signed),
        "rows_without_rate": without_rate(made) + without_rate(canceled),
    }
