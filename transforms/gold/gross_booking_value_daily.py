"""Gross booking value: what was booked on a day, what was canceled on it, and the difference."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import DAY, amount, count, unrated
from transforms.money import total, with_usd, without_rate
from transforms.reach import booked_between, days_canceled, passed, priced_by
from transforms.stays import canceled_until, live, made_until

MART = Mart(
    name="gross_booking_value_daily",
    grain=("day",),
    period="day",
    description="The price of all bookings made on a day, less that of the bookings canceled on it.",
    columns=(
        DAY,
        count("bookings", "Made on the day: confirmed, completed, or canceled since", "bookings"),
        amount("gross_usd", "Their price; NULL where none has a rate"),
        count("cancellations", "Bookings canceled on the day, whenever made", "bookings"),
        amount("canceled_usd", "Their price; NULL where none has a rate"),
        amount("net_usd", "Gross less canceled, of what has a rate; NULL where nothing has"),
        unrated("bookings and cancellations"),
    ),
    checks=(fail("values_not_negative", "gross_usd >= 0 AND canceled_usd >= 0"),),
)


def build(
    bookings: DataFrame,
    bookings_history: DataFrame,
    exchange_rates: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per day with a booking or a cancellation.

    A booking counts on its day of booking once it was sold: confirmed, completed, or canceled now; a pending
    one does not. A cancellation takes away the same amount, at the rate of the day of booking, on the day of
    the first version with that status; a booking that was confirmed again was never canceled. So the net of
    all days is the price of the bookings that stand.
    """
    sold = made_until(bookings, as_of, only).where("is_confirmed OR booking_status = 'canceled'")
    canceled = canceled_until(bookings, bookings_history, as_of, only)
    values = ("booked_on", "total_price", "currency")
    rows = sold.select(F.col("booked_on").alias("day"), F.lit(True).alias("is_sale"), *values).unionByName(
        canceled.select(F.col("canceled_on").alias("day"), F.lit(False).alias("is_sale"), *values)
    )
    usd, is_sale = F.col("usd"), F.col("is_sale")
    signed = F.when(is_sale, usd).otherwise(-usd)
    return (
        with_usd(rows, exchange_rates, "total_price", "booked_on")
        .groupBy("day")
        .agg(
            F.count_if(is_sale).alias("bookings"),
            total(usd, is_sale).alias("gross_usd"),
            F.count_if(~is_sale).alias("cancellations"),
            total(usd, ~is_sale).alias("canceled_usd"),
            total(signed, F.lit(True)).alias("net_usd"),
            without_rate(usd, F.lit(True)).alias("rows_without_rate"),
        )
    )


def touched_by_bookings(changed: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The days on which they were made, and canceled."""
    return _days(live(changed), bookings_history)


def touched_by_bookings_history(changed: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The days on which the bookings were canceled."""
    versions = bookings_history.unionByName(changed.select(*bookings_history.columns))
    return days_canceled(changed, versions).withColumnRenamed("canceled_on", "day")


def touched_by_exchange_rates(changed: DataFrame, bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The days on which the bookings were made, and canceled, whose price they convert."""
    return _days(priced_by(bookings, changed), bookings_history)


def touched_by_as_of(bookings: DataFrame, bookings_history: DataFrame, was: date, as_of: date) -> DataFrame:
    """The days between the two, and those on which bookings made between them were canceled."""
    return passed(bookings, was, as_of).unionByName(_days(booked_between(bookings, was, as_of), bookings_history))


def _days(bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    canceled = days_canceled(bookings.where("booking_status = 'canceled'"), bookings_history)
    return bookings.select(F.col("booked_on").alias("day")).unionAll(canceled)
