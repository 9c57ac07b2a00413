"""Top listings: those with the highest revenue from the bookings made in a week."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, LISTING, WEEK, amount, count, price, unrated
from transforms.money import total, with_usd, without_rate
from transforms.numbers import quotient
from transforms.periods import is_partial, week_end, week_start
from transforms.ranking import rank
from transforms.reach import weeks_booked, weeks_passed, weeks_priced
from transforms.stays import live, made_until

MART = Mart(
    name="top_listings_weekly",
    grain=("week_start", "rank"),
    period="week_start",
    description="The listings with the highest confirmed revenue by booking date, at most ten a week.",
    columns=(
        WEEK,
        MartColumn("rank", "INT", "Place by revenue, then bookings, then listing number; 1 is the highest"),
        LISTING,
        count("bookings", "Confirmed bookings made in the week", "bookings"),
        count("nights", "Their nights", "nights"),
        amount("revenue_usd", "Their price; NULL where none has a rate"),
        price("adr_usd", "Revenue by night, of the bookings with a rate"),
        unrated("bookings"),
        IS_PARTIAL,
    ),
    checks=(fail("revenue_not_negative", "revenue_usd >= 0"),),
)


def build(
    bookings: DataFrame, exchange_rates: DataFrame, as_of: date, top: int = 10, only: Sequence[date] | None = None
) -> DataFrame:
    """The first `top` listings of each week by revenue, then bookings, then number.

    `adr_usd` is the revenue over the nights of the bookings that have a rate, never a mean of means. A
    listing of which no booking has a rate has no revenue and comes last.
    """
    confirmed = made_until(bookings, as_of, only, days=7).where("is_confirmed")
    priced = with_usd(confirmed, exchange_rates, "total_price", "booked_on")
    usd, all_count = F.col("usd"), F.lit(True)
    rated_nights = F.sum(F.when(usd.isNotNull(), F.col("nights")))
    weekly = priced.groupBy(week_start(F.col("booked_on")).alias("week_start"), "apartment_id").agg(
        F.count("*").alias("bookings"),
        F.coalesce(F.sum("nights"), F.lit(0)).alias("nights"),
        total(usd, all_count).alias("revenue_usd"),
        quotient(F.sum(usd), rated_nights, 2).cast("DECIMAL(12,2)").alias("adr_usd"),
        without_rate(usd, all_count).alias("rows_without_rate"),
    )
    order = (F.desc_nulls_last("revenue_usd"), F.desc("bookings"), F.asc_nulls_last("apartment_id"))
    return (
        weekly.withColumn("rank", rank(["week_start"], *order))
        .where(F.col("rank") <= top)
        .select(
            "week_start",
            "rank",
            "apartment_id",
            "bookings",
            "nights",
            "revenue_usd",
            "adr_usd",
            "rows_without_rate",
            is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
        )
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
