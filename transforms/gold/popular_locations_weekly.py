"""Popular locations: where the bookings made in a week go, all places ranked."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, PLACE_COLUMNS, WEEK, amount, count, unrated
from transforms.money import total, with_usd, without_rate
from transforms.periods import is_partial, week_end, week_start
from transforms.places import PLACE, with_place
from transforms.ranking import rank
from transforms.reach import of_listings, weeks_booked, weeks_passed, weeks_priced
from transforms.stays import live, made_until

MART = Mart(
    name="popular_locations_weekly",
    grain=("week_start", *PLACE),
    period="week_start",
    description="Confirmed bookings by booking date: how many, of how many guests, for how much; ranked.",
    columns=(
        WEEK,
        *PLACE_COLUMNS,
        count("bookings", "Confirmed bookings made in the week", "bookings"),
        count("guests", "Distinct users who made them", "guests"),
        amount("revenue_usd", "Their price; NULL where none has a rate"),
        unrated("bookings"),
        MartColumn("rank", "INT", "Place by bookings, then city and state, of the week; 1 is the most popular"),
        IS_PARTIAL,
    ),
    checks=(fail("guests_within_bookings", "guests <= bookings"),),
)


def build(
    bookings: DataFrame,
    apartment_attributes: DataFrame,
    exchange_rates: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per week and place with a confirmed booking; `level` is always 'place'.

    `guests` are the distinct users who booked, not the persons who come. Equal bookings rank by city and
    state; the unknown place comes last among equals.
    """
    confirmed = made_until(bookings, as_of, only, days=7).where("is_confirmed")
    placed = with_place(with_usd(confirmed, exchange_rates, "total_price", "booked_on"), apartment_attributes)
    usd, all_count = F.col("usd"), F.lit(True)
    weekly = placed.groupBy(week_start(F.col("booked_on")).alias("week_start"), "city", "state").agg(
        F.count("*").alias("bookings"),
        F.count_distinct("user_id").alias("guests"),
        total(usd, all_count).alias("revenue_usd"),
        without_rate(usd, all_count).alias("rows_without_rate"),
    )
    order = (F.desc("bookings"), F.asc_nulls_last("city"), F.asc_nulls_last("state"))
    return weekly.select(
        "week_start",
        F.lit("place").alias("level"),
        "city",
        "state",
        "bookings",
        "guests",
        "revenue_usd",
        "rows_without_rate",
        rank(["week_start"], *order).alias("rank"),
        is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
    )


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The weeks in which they were made."""
    return weeks_booked(live(changed))


def touched_by_exchange_rates(changed: DataFrame) -> DataFrame:
    """The weeks of the days that they price."""
    return weeks_priced(changed)


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks between the two days."""
    return weeks_passed(bookings, was, as_of)


def touched_by_apartment_attributes(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The weeks in which the listings were booked."""
    return weeks_booked(of_listings(live(bookings), changed))
