from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.reference.calendar import week_end, week_start, weeks
from tests.reference.cleaning import Row
from tests.reference.money import Rates, mean, median
from tests.reference.places import Group, Places
from tests.reference.supply import Listing, listings
from tests.reference.world import World


@dataclass(frozen=True)
class Price:
    """What one listing brings into one week."""

    usd: Decimal | None
    is_new: bool
    is_assumed: bool


def average_listing_price_weekly(world: World, as_of: date) -> list[Row]:
    """Per week and place, and per week: the listings live on at least one counted day, and their prices.

    A listing's price is that of the last version valid by the week's last counted day (active then or not),
    at that day's rate; its `listing_created_on` is of the same version. A listing without a price in dollars
    is counted in `listings` and `rows_without_rate`, and left out of mean and median.
    """
    places, rates = Places(world), Rates(world)
    prices: dict[tuple[date, Group], list[Price]] = defaultdict(list)
    for listing in listings(world):
        for week in weeks_live(listing, as_of):
            price = price_in_week(listing, week, as_of, rates)
            for group in places.groups(listing.id):
                prices[week, group].append(price)
    return [mart_row(week, group, group_prices, as_of) for (week, group), group_prices in prices.items()]


def weeks_live(listing: Listing, as_of: date) -> set[date]:
    """The weeks in which the listing is live on at least one day not after `as_of`."""
    return {week for span in listing.live for week in weeks(span.first, min(span.last, as_of))}


def price_in_week(listing: Listing, week: date, as_of: date, rates: Rates) -> Price:
    """The listing's price at the week's last counted day."""
    last_day = min(week_end(week), as_of)
    row, assumed = listing.last_row(last_day)
    return Price(
        usd=rates.usd(row["price"], row["currency"], last_day),
        is_new=week_start(row["listing_created_on"].date()) == week,
        is_assumed=assumed,
    )


def mart_row(week: date, group: Group, prices: list[Price], as_of: date) -> Row:
    level, city, state = group
    known = [price.usd for price in prices if price.usd is not None]
    return {
        "week_start": week,
        "level": level,
        "city": city,
        "state": state,
        "listings": len(prices),
        "mean_price_usd": mean(known),
        "median_price_usd": median(known),
        "new_listings": sum(price.is_new for price in prices),
        "rows_without_rate": len(prices) - len(known),
        "assumed_listings": sum(price.is_assumed for price in prices),
        "is_partial": week_end(week) > as_of,
    }
