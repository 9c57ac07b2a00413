from collections import defaultdict
from datetime import date

from tests.reference.bookings import confirmed_by
from tests.reference.calendar import week_end, week_start
from tests.reference.cleaning import Row
from tests.reference.money import mean, median
from tests.reference.places import Group, Places
from tests.reference.world import World


def average_booking_duration_weekly(world: World, as_of: date) -> list[Row]:
    """Per week of check-in and place, and per week: how long the confirmed stays are, in all their nights.

    Only check-ins up to `as_of` count; the nights of those may reach beyond it.
    """
    places = Places(world)
    lengths: dict[tuple[date, Group], list[int]] = defaultdict(list)
    for booking in confirmed_by(world, as_of):
        if booking.nights and booking.checkin <= as_of:
            for group in places.groups(booking.listing):
                lengths[week_start(booking.checkin), group].append(len(booking.nights))
    return [mart_row(week, group, nights, as_of) for (week, group), nights in lengths.items()]


def nearest_rank(values: list[int], percent: int) -> int:
    """The smallest value that at least `percent` of all values do not exceed."""
    position = -(-percent * len(values) // 100)
    return sorted(values)[position - 1]


def mart_row(week: date, group: Group, nights: list[int], as_of: date) -> Row:
    level, city, state = group
    return {
        "week_start": week,
        "level": level,
        "city": city,
        "state": state,
        "stays": len(nights),
        "mean_nights": mean(nights),
        "median_nights": median(nights),
        "p90_nights": nearest_rank(nights, 90),
        "is_partial": week_end(week) > as_of,
    }
