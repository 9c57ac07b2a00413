"""What two marts say of the same thing, side by side."""

from collections import Counter
from typing import Any

from tests.reference.cleaning import Row

Marts = dict[str, list[Row]]
Sums = dict[Any, Any]

GROUP = ("month_start", "level", "city", "state")


def disagreements(marts: Marts) -> dict[str, tuple[Sums, Sums]]:
    """The pairs of sums that differ; each mart as a list of its rows."""
    return {name: pair for name, pair in pairs(marts).items() if pair[0] != pair[1]}


def sums(rows: list[Row], measure: str, *by: str, **where: Any) -> Sums:
    """The sum of a measure by some columns, over the rows with these values; without the sums of 0."""
    found: Counter[Any] = Counter()
    for row in rows:
        if all(row[name] == value for name, value in where.items()):
            found[tuple(row[name] for name in by)] += row[measure] or 0
    return {key: value for key, value in found.items() if value}


def pairs(marts: Marts) -> dict[str, tuple[Sums, Sums]]:
    """All that must agree, by what it is."""
    market, listing = marts["market_performance_monthly"], marts["listing_performance_monthly"]
    occupancy, supply = marts["occupancy_rate_monthly"], marts["supply_monthly"]
    users, places = marts["bookings_per_user_weekly"], marts["popular_locations_weekly"]
    value, canceled = marts["gross_booking_value_daily"], marts["cancellations_monthly"]
    funnel, cohorts = marts["booking_funnel_weekly"], marts["guest_cohorts_monthly"]
    booked = [row | {"all": row["booked_nights"] + row["double_booked_nights"]} for row in occupancy]
    known = [row for row in users if row["user_id"] is not None and row["confirmed_bookings"]]
    guests = {row["user_id"]: 1 for row in known}
    by_month = [row | {"month_start": row["day"].replace(day=1)} for row in value]
    found = {
        "booked and double-booked nights are those of the stays": (
            sums(booked, "all", *GROUP),
            sums(market, "nights", *GROUP),
        ),
        "nights on offer": (sums(occupancy, "available_nights", *GROUP), sums(market, "available_nights", *GROUP)),
        "listings on offer in a month": (
            sums(marts["price_index_monthly"], "listings", *GROUP),
            sums(market, "live_listings", *GROUP),
        ),
        "confirmed bookings by user and by city": (
            sums(users, "confirmed_bookings", "week_start"),
            sums(places, "bookings", "week_start"),
        ),
        "spend by user and revenue by city": (
            sums(users, "spend_usd", "week_start"),
            sums(places, "revenue_usd", "week_start"),
        ),
        "bookings without a rate by user and by city": (
            sums(users, "rows_without_rate", "week_start"),
            sums(places, "rows_without_rate", "week_start"),
        ),
        "bookings of any state by week and by month": (
            sums([{"all": sum(row[state] for state in STATES)} for row in users], "all"),
            sums(market, "bookings", level="total"),
        ),
        "canceled bookings by week and by month": (
            sums(users, "canceled_bookings"),
            sums(market, "canceled_bookings", level="total"),
        ),
        "bookings sold by day and by month": (
            sums(by_month, "bookings", "month_start"),
            sums(
                [row | {"all": row["confirmed_bookings"] + row["canceled_bookings"]} for row in market],
                "all",
                "month_start",
                level="total",
            ),
        ),
        "confirmed bookings by week and by month": (
            sums(users, "confirmed_bookings"),
            sums(market, "confirmed_bookings", level="total"),
        ),
        "stays by week and by month": (
            sums(marts["average_booking_duration_weekly"], "stays", level="total"),
            sums(market, "stays", level="total"),
        ),
        "cancellations by day and by month": (
            sums(by_month, "cancellations", "month_start"),
            sums(canceled, "cancellations", "month_start", level="total"),
        ),
        "canceled value by day and by month": (
            sums(by_month, "canceled_usd", "month_start"),
            sums(canceled, "canceled_usd", "month_start", level="total"),
        ),
        "gross less canceled is net": (
            sums([row | {"net": (row["gross_usd"] or 0) - (row["canceled_usd"] or 0)} for row in value], "net"),
            sums(value, "net_usd"),
        ),
        "looks by week and by month": (sums(funnel, "views", level="total"), sums(listing, "views")),
        "guests of the cohorts": (
            sums(cohorts, "size", months_since=0),
            sums([{"n": n} for n in guests.values()], "n"),
        ),
        "spend of the cohorts": (sums(cohorts, "spend_usd"), sums(known, "spend_usd")),
        "listings of a month are those before, plus and minus": standing(supply),
    }
    for measure in (
        "nights",
        "available_nights",
        "revenue_usd",
        "stays",
        "bookings",
        "canceled_bookings",
        "rows_without_rate",
    ):
        found[f"{measure} of the listings"] = (
            sums(listing, measure, "month_start"),
            sums(market, measure, "month_start", level="total"),
        )
    for name, measure in PLACES_AND_TOTAL:
        period = "week_start" if name.endswith("weekly") else "month_start"
        found[f"{measure} of {name} in all places"] = (
            sums(marts[name], measure, period, level="place"),
            sums(marts[name], measure, period, level="total"),
        )
    return found


STATES = ("confirmed_bookings", "pending_bookings", "canceled_bookings")
PLACES_AND_TOTAL = (
    ("occupancy_rate_monthly", "booked_nights"),
    ("occupancy_rate_monthly", "double_booked_nights"),
    ("occupancy_rate_monthly", "booked_beyond_supply"),
    ("occupancy_rate_monthly", "assumed_nights"),
    ("average_listing_price_weekly", "rows_without_rate"),
    ("price_index_monthly", "matched_listings"),
    ("average_listing_price_weekly", "listings"),
    ("average_booking_duration_weekly", "stays"),
    ("market_performance_monthly", "revenue_usd"),
    ("cancellations_monthly", "cancellations"),
    ("cancellations_monthly", "canceled_usd"),
    ("booking_funnel_weekly", "views"),
    ("booking_funnel_weekly", "unseen_bookings"),
    ("supply_monthly", "listings"),
    ("supply_monthly", "created"),
    ("price_index_monthly", "listings"),
)


def standing(supply: list[Row]) -> tuple[Sums, Sums]:
    """The listings at the end of each month, as counted, and as what came and went up to then makes them."""
    counted, made, so_far = {}, {}, Counter()
    for row in sorted(supply, key=lambda row: row["month_start"]):
        group = tuple(row[name] for name in GROUP[1:])
        so_far[group] += row["activated"] - row["deactivated"]
        key = (row["month_start"], *group)
        counted[key], made[key] = row["listings"], so_far[group]
    return counted, made


def net_is_what_stands(marts: Marts) -> tuple[Sums, Sums]:
    """The net value of all days and the spend of all users: the same once every cancellation is known."""
    return sums(marts["gross_booking_value_daily"], "net_usd"), sums(marts["bookings_per_user_weekly"], "spend_usd")
