from collections import Counter, defaultdict
from datetime import date

from tests.reference.calendar import DAY, days, month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.places import Group, Places
from tests.reference.supply import Listing, listings
from tests.reference.world import World


def supply_monthly(world: World, as_of: date) -> list[Row]:
    """Per month and place, and per month: listings live at its last counted day, and how they came and went.

    A listing comes on each day on which it is live and was not the day before, and goes on each day on which
    it is not and was. A month has a row when a listing is live on any of its days, is created or goes.
    """
    places = Places(world)
    tallies: dict[tuple[date, Group], Counter[str]] = defaultdict(Counter)
    for listing in listings(world):
        for group in places.groups(listing.id):
            for month, what in events(listing, as_of):
                tallies[month, group][what] += 1
    return [mart_row(month, group, tally, as_of) for (month, group), tally in tallies.items()]


def events(listing: Listing, as_of: date) -> list[tuple[date, str]]:
    """What happens to a listing, day by day, with the month in which it does."""
    created = listing.versions[-1].row["listing_created_on"].date()
    found = [(month_start(created), "created")] if created <= as_of else []
    first = min((span.first for span in listing.live), default=as_of + DAY)
    was_live = False
    for day in days(first, as_of):
        month, live = month_start(day), listing.live_on(day)
        if live:
            found.append((month, "day"))
        if live != was_live:
            found.append((month, "activated" if live else "deactivated"))
        if live and day == min(month_end(day), as_of):
            found.append((month, "standing"))
            assumed = [span.assumed for span in listing.live if span.first <= day <= span.last]
            found += [(month, "assumed")] * assumed[0]
        was_live = live
    return found


def mart_row(month: date, group: Group, tally: Counter[str], as_of: date) -> Row:
    level, city, state = group
    return {
        "month_start": month,
        "level": level,
        "city": city,
        "state": state,
        "listings": tally["standing"],
        "created": tally["created"],
        "activated": tally["activated"],
        "deactivated": tally["deactivated"],
        "assumed_listings": tally["assumed"],
        "is_partial": month_end(month) > as_of,
    }
