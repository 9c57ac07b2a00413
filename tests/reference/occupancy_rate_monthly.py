from collections import Counter, defaultdict
from datetime import date

from tests.reference.bookings import confirmed_by
from tests.reference.calendar import days_per_month, month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import ratio
from tests.reference.places import Group, Places
from tests.reference.supply import listings
from tests.reference.world import World

Tallies = dict[tuple[date, Group], Counter[str]]


def occupancy_rate_monthly(world: World, as_of: date) -> list[Row]:
    """Per month and place, and per month: nights booked and nights available, both up to `as_of`.

    A listing-night is booked once however many stays share it, and also when the listing was not live.
    """
    places = Places(world)
    tallies: Tallies = defaultdict(Counter)
    count_available(world, as_of, places, tallies)
    count_booked(world, as_of, places, tallies)
    return [mart_row(month, group, tally, as_of) for (month, group), tally in tallies.items()]


def count_available(world: World, as_of: date, places: Places, tallies: Tallies) -> None:
    """Adds each listing's live days to their months."""
    for listing in listings(world):
        for span in listing.live:
            for month, nights in days_per_month(span.first, min(span.last, as_of)):
                for group in places.groups(listing.id):
                    tallies[month, group]["available"] += nights
                    tallies[month, group]["assumed"] += nights if span.assumed else 0


def count_booked(world: World, as_of: date, places: Places, tallies: Tallies) -> None:
    """Adds each booked listing-night to its month."""
    by_id = {listing.id: listing for listing in listings(world)}
    stays = Counter(
        (booking.listing, night) for booking in confirmed_by(world, as_of) for night in booking.nights if night <= as_of
    )
    for (listing, night), stays_that_night in stays.items():
        was_live = listing in by_id and by_id[listing].live_on(night)
        for group in places.groups(listing):
            tally = tallies[month_start(night), group]
            tally["booked"] += 1
            tally["double_booked"] += stays_that_night - 1
            tally["beyond_supply"] += 0 if was_live else 1


def mart_row(month: date, group: Group, tally: Counter[str], as_of: date) -> Row:
    level, city, state = group
    return {
        "month_start": month,
        "level": level,
        "city": city,
        "state": state,
        "booked_nights": tally["booked"],
        "available_nights": tally["available"],
        "occupancy_rate": ratio(tally["booked"], tally["available"], 6),
        "double_booked_nights": tally["double_booked"],
        "booked_beyond_supply": tally["beyond_supply"],
        "assumed_nights": tally["assumed"],
        "is_partial": month_end(month) > as_of,
    }
