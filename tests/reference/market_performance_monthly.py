from collections import defaultdict
from datetime import date

from tests.reference.calendar import month_end
from tests.reference.cleaning import Row
from tests.reference.performance import Facts, facts, figures, year_before
from tests.reference.places import Group, Places
from tests.reference.world import World


def market_performance_monthly(world: World, as_of: date) -> list[Row]:
    """Per month and place, and per month: the figures of all its listings together."""
    places = Places(world)
    markets: dict[tuple[date, Group], Facts] = defaultdict(Facts)
    for (month, listing), one in facts(world, as_of).items():
        for group in places.groups(listing):
            markets[month, group].add(one)
    rows = []
    for (month, group), one in markets.items():
        level, city, state = group
        place = {"month_start": month, "level": level, "city": city, "state": state, "live_listings": len(one.live)}
        numbers = figures(month, one, year_before(markets, month, group), as_of)
        rows.append(place | numbers | {"is_partial": month_end(month) > as_of})
    return rows
