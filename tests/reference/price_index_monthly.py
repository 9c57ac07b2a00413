from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import reduce

from tests.reference.calendar import DAY, days_per_month, month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import EXACT, Rates, rounded
from tests.reference.places import Group, Places
from tests.reference.supply import Listing, listings
from tests.reference.world import World

Prices = dict[int, Decimal | None]


def price_index_monthly(world: World, as_of: date) -> list[Row]:
    """Per month and place, and per month: the geometric mean of the price ratios of listings live now and before.

    Exact to 60 digits, and only then rounded, once.
    """
    places, rates = Places(world), Rates(world)
    prices: dict[Group, dict[date, Prices]] = defaultdict(lambda: defaultdict(dict))
    for listing in listings(world):
        for month in months_live(listing, as_of):
            last_day = min(month_end(month), as_of)
            row, _ = listing.last_row(last_day)
            for group in places.groups(listing.id):
                prices[group][month][listing.id] = rates.usd(row["price"], row["currency"], last_day)
    return [row for group, by_month in prices.items() for row in chained(group, by_month, as_of)]


def months_live(listing: Listing, as_of: date) -> set[date]:
    """The months in which the listing is live on at least one day not after `as_of`."""
    return {month for span in listing.live for month, _ in days_per_month(span.first, min(span.last, as_of))}


def chained(group: Group, by_month: dict[date, Prices], as_of: date) -> list[Row]:
    """The index of one group, month after month, from 100."""
    level, city, state = group
    rows, index = [], Decimal(100)
    for month in sorted(by_month):
        now, before = by_month[month], by_month.get(month_start(month - DAY), {})
        ratios = [EXACT.divide(now[one], before[one]) for one in now if now[one] and before.get(one)]
        ratio = geometric_mean(ratios) if ratios else None
        index = EXACT.multiply(index, ratio or Decimal(1))
        rows.append(
            {
                "month_start": month,
                "level": level,
                "city": city,
                "state": state,
                "listings": len(now),
                "matched_listings": len(ratios),
                "price_ratio": None if ratio is None else settled(ratio, 6),
                "price_index": settled(index, 4),
                "rows_without_rate": sum(usd is None for usd in now.values()),
                "is_partial": month_end(month) > as_of,
            }
        )
    return rows


def geometric_mean(ratios: list[Decimal]) -> Decimal:
    """The n-th root of the product of n ratios."""
    total = reduce(EXACT.add, [EXACT.ln(ratio) for ratio in ratios])
    return EXACT.exp(EXACT.divide(total, Decimal(len(ratios))))


def settled(value: Decimal, places: int) -> Decimal:
    """Rounded half-up; a value that 40 digits cannot tell from a tie is one.

    The mart reckons with 15 digits and so is off by less than 1e-11 for an index near 100. It rounds at 9
    digits first, which makes all ties ties; the two could differ only for a value within 1e-11 of a point
    that lies half of the ninth digit below a tie.
    """
    return rounded(rounded(value, 40), places)
