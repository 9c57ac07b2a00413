from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from tests.reference.bookings import Booking, confirmed_by
from tests.reference.calendar import week_end, week_start
from tests.reference.cleaning import Row
from tests.reference.money import ratio
from tests.reference.places import Group, Places
from tests.reference.viewings import Look, looks_by
from tests.reference.world import World


@dataclass
class Week:
    """What users did in a week at one place or at all."""

    looks: list[Look] = field(default_factory=list)
    seen: list[Booking] = field(default_factory=list)
    unseen: list[Booking] = field(default_factory=list)


def booking_funnel_weekly(world: World, as_of: date) -> list[Row]:
    """Per week and place, and per week: users who looked, wished, got in touch, and booked what they had seen."""
    places, looks = Places(world), looks_by(world, as_of)
    weeks: dict[tuple[date, Group], Week] = defaultdict(Week)
    for look in looks:
        for group in places.groups(look.listing):
            weeks[week_start(look.at.date()), group].looks.append(look)
    for booking in confirmed_by(world, as_of):
        seen = any(look.led_to(booking.user, booking.listing, booking.booked_at) for look in looks)
        for group in places.groups(booking.listing):
            week = weeks[week_start(booking.booked_on), group]
            (week.seen if seen else week.unseen).append(booking)
    return [mart_row(start, group, week, as_of) for (start, group), week in weeks.items()]


def mart_row(start: date, group: Group, week: Week, as_of: date) -> Row:
    level, city, state = group
    viewers = len({look.user for look in week.looks})
    wishers = len({look.user for look in week.looks if look.wished})
    contacters = len({look.user for look in week.looks if look.contacted})
    bookers = len({booking.user for booking in week.seen})
    return {
        "week_start": start,
        "level": level,
        "city": city,
        "state": state,
        "views": len(week.looks),
        "viewers": viewers,
        "wishers": wishers,
        "contacters": contacters,
        "bookers": bookers,
        "unseen_bookings": len(week.unseen),
        "wishlist_rate": ratio(wishers, viewers, 6),
        "contact_rate": ratio(contacters, viewers, 6),
        "booking_rate": ratio(bookers, viewers, 6),
        "is_partial": week_end(start) > as_of,
    }
