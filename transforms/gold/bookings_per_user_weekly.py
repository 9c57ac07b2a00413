"""Bookings per user: what each user booked in a week, by state, and spent."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, WEEK, amount, count, unrated
from transforms.money import total, with_usd, without_rate
from transforms.periods import is_partial, week_end, week_start
from transforms.reach import weeks_booked, weeks_passed, weeks_priced
from transforms.stays import live, made_until

MART = Mart(
    name="bookings_per_user_weekly",
    grain=("week_start", "user_id"),
    period="week_start",
    description="A user's bookings by booking date and state of now; nights and spend of the confirmed.",
    columns=(
        WEEK,
        MartColumn("user_id", "BIGINT", "Guest who booked; NULL: unknown"),
        count("confirmed_bookings", "Confirmed or completed", "bookings"),
        count("pending_bookings", "Pending", "bookings"),
        count("canceled_bookings", "Canceled", "bookings"),
        count("nights", "Nights of the confirmed bookings", "nights"),
        amount("spend_usd", "Price of the confirmed bookings; NULL where none has a rate"),
        unrated("bookings"),
        IS_PARTIAL,
    ),
    checks=(fail("spend_not_negative", "spend_usd >= 0"),),
)


def build(bookings: DataFrame, exchange_rates: DataFrame, as_of: date, only: Sequence[date] | None = None) -> DataFrame:
    """One row per week and user with a booking of any known state.

    `spend_usd` is 0 where nothing is confirmed, and NULL where no confirmed booking has a rate.
    """
    made = made_until(bookings, as_of, only, days=7).where("booking_status IS NOT NULL")
    rows = with_usd(made, exchange_rates, "total_price", "booked_on")
    usd, status, is_confirmed = F.col("usd"), F.col("booking_status"), F.col("is_confirmed")
    weekly = rows.groupBy(week_start(F.col("booked_on")).alias("week_start"), "user_id").agg(
        F.count_if(is_confirmed).alias("confirmed_bookings"),
        F.count_if(status == "pending").alias("pending_bookings"),
        F.count_if(status == "canceled").alias("canceled_bookings"),
        F.coalesce(F.sum(F.when(is_confirmed, F.col("nights"))), F.lit(0)).alias("nights"),
        total(usd, is_confirmed).alias("spend_usd"),
        without_rate(usd, is_confirmed).alias("rows_without_rate"),
    )
    return weekly.withColumn("is_partial", is_partial(week_end(F.col("week_start")), as_of))


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The weeks in which they were made."""
    return weeks_booked(live(changed))


def touched_by_exchange_rates(changed: DataFrame) -> DataFrame:
    """The weeks of the days that they price."""
    return weeks_priced(changed)


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks between the two days."""
    return weeks_passed(bookings, was, as_of)
