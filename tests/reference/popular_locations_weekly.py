from collections import defaultdict
from datetime import date

from tests.reference.bookings import Booking, confirmed_by, without_rate
from tests.reference.calendar import week_end, week_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum
from tests.reference.places import Place, Places, names_last_unknown
from tests.reference.world import World


def popular_locations_weekly(world: World, as_of: date) -> list[Row]:
    """Per week of booking, every place with a confirmed booking, the unknown place too, most bookings first.

    Ties go by city, then state, unknown names last. `guests` are distinct users; nobody known is no guest.
    """
    places = Places(world)
    by_week: dict[date, dict[Place, list[Booking]]] = defaultdict(lambda: defaultdict(list))
    for booking in confirmed_by(world, as_of):
        by_week[week_start(booking.booked_on)][places.of(booking.listing)].append(booking)
    rows = []
    for week, by_place in by_week.items():
        ranked = sorted(by_place, key=lambda place: (-len(by_place[place]), names_last_unknown(place)))
        for rank, place in enumerate(ranked, start=1):
            rows.append(mart_row(week, rank, place, by_place[place], as_of))
    return rows


def mart_row(week: date, rank: int, place: Place, bookings: list[Booking], as_of: date) -> Row:
    city, state = place
    return {
        "week_start": week,
        "level": "place",
        "city": city,
        "state": state,
        "bookings": len(bookings),
        "guests": len({booking.user for booking in bookings} - {None}),
        "revenue_usd": known_sum(booking.usd for booking in bookings),
        "rows_without_rate": without_rate(bookings),
        "rank": rank,
        "is_partial": week_end(week) > as_of,
    }
