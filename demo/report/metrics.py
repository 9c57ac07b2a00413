"""The seven metrics as an analyst asks the warehouse for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, text

Shape = Literal["line", "bar", "ranking"]


@dataclass(frozen=True)
class Metric:
    """A question to one mart, and how its answer is drawn.

    Attributes:
        mart: The mart that is asked.
        title: What is measured, with its unit.
        says: One sentence for the reader.
        sql: The question; the newest rows, or the highest rank, come first.
        x: Column of the time or the name.
        y: Columns of the measures.
        shape: How it is drawn.
    """

    mart: str
    title: str
    says: str
    sql: str
    x: str
    y: tuple[str, ...]
    shape: Shape = "line"


LAST_WHOLE_WEEK = "week_start = (SELECT MAX(week_start) FROM presentation.{mart} WHERE NOT is_partial)"

METRICS = (
    Metric(
        "average_listing_price_weekly",
        "Average listing price, USD a night",
        "What the listings on offer in a week asked, all places together.",
        "SELECT week_start, listings, mean_price_usd, median_price_usd FROM presentation.average_listing_price_weekly "
        "WHERE level = 'total' ORDER BY week_start DESC",
        "week_start",
        ("mean_price_usd", "median_price_usd"),
    ),
    Metric(
        "occupancy_rate_monthly",
        "Occupancy rate, share of nights on offer",
        "Nights with a confirmed stay of all nights on offer, month by month.",
        "SELECT month_start, booked_nights, available_nights, occupancy_rate FROM presentation.occupancy_rate_monthly "
        "WHERE level = 'total' ORDER BY month_start DESC",
        "month_start",
        ("occupancy_rate",),
        "bar",
    ),
    Metric(
        "popular_locations_weekly",
        "Popular locations, confirmed bookings in the last whole week",
        "Where the bookings made in the week go.",
        "SELECT rank, COALESCE(city, 'unknown') || ', ' || COALESCE(state, '?') AS place, bookings, guests, "
        "revenue_usd "
        "FROM presentation.popular_locations_weekly WHERE "
        + LAST_WHOLE_WEEK.format(mart="popular_locations_weekly")
        + " AND rank <= 10 ORDER BY rank",
        "place",
        ("bookings",),
        "ranking",
    ),
    Metric(
        "top_listings_weekly",
        "Top listings, revenue in USD of the last whole week",
        "The listings whose bookings made in the week bring the most.",
        "SELECT rank, apartment_id::text AS listing, bookings, nights, revenue_usd, adr_usd "
        "FROM presentation.top_listings_weekly WHERE "
        + LAST_WHOLE_WEEK.format(mart="top_listings_weekly")
        + " ORDER BY rank",
        "listing",
        ("revenue_usd",),
        "ranking",
    ),
    Metric(
        "bookings_per_user_weekly",
        "Bookings per user, confirmed, of the users who booked",
        "How many confirmed bookings a user with any made in a week, on average.",
        "SELECT week_start, COUNT(*) AS users, ROUND(AVG(confirmed_bookings), 3) AS bookings_per_user, "
        "ROUND(AVG(spend_usd), 2) AS spend_per_user_usd FROM presentation.bookings_per_user_weekly "
        "WHERE confirmed_bookings > 0 GROUP BY week_start ORDER BY week_start DESC",
        "week_start",
        ("bookings_per_user",),
    ),
    Metric(
        "average_booking_duration_weekly",
        "Average booking duration, nights",
        "How long the stays are that begin in a week.",
        "SELECT week_start, stays, mean_nights, median_nights, p90_nights "
        "FROM presentation.average_booking_duration_weekly WHERE level = 'total' ORDER BY week_start DESC",
        "week_start",
        ("mean_nights", "median_nights", "p90_nights"),
    ),
    Metric(
        "repeat_customer_rate_daily",
        "Repeat customer rate, share of the users of thirty days",
        "Of the users with a confirmed booking in the thirty days up to a day, those with at least two.",
        "SELECT day, users, repeat_users, repeat_rate FROM presentation.repeat_customer_rate_daily "
        "WHERE NOT is_partial ORDER BY day DESC",
        "day",
        ("repeat_rate",),
    ),
)


def answer(engine: Engine, metric: Metric) -> list[dict[str, Any]]:
    """The rows of a metric, as the warehouse serves them now."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(metric.sql)).mappings()]
