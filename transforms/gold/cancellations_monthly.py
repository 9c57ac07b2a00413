"""Cancellations: how many bookings were canceled in a month, what they were worth, and how late it was."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, amount, count, unrated
from transforms.money import total, with_usd, without_rate
from transforms.numbers import in_order, median, quotient
from transforms.periods import is_partial, month_start
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import booked_between, days_canceled, months_passed, of_listings, priced_by
from transforms.stays import canceled_until, live

MART = Mart(
    name="cancellations_monthly",
    grain=("month_start", *PLACE),
    period="month_start",
    description="Bookings canceled in a month: their nights, their price, and the days left until check-in.",
    columns=(
        MONTH,
        *PLACE_COLUMNS,
        count("cancellations", "Bookings canceled in the month, and canceled still", "bookings"),
        count("canceled_nights", "Their nights", "nights"),
        amount("canceled_usd", "Their price; NULL where none has a rate"),
        unrated("bookings"),
        MartColumn("mean_notice_days", "DECIMAL(9,2)", "Mean days from cancellation to check-in", "days"),
        MartColumn("median_notice_days", "DECIMAL(9,2)", "Median of those days", "days"),
        count("canceled_after_checkin", "Canceled later than the day of check-in", "bookings"),
        IS_PARTIAL,
    ),
    checks=(fail("late_within_cancellations", "canceled_after_checkin <= cancellations"),),
)


def build(
    bookings: DataFrame,
    bookings_history: DataFrame,
    apartment_attributes: DataFrame,
    exchange_rates: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per month with a cancellation, place by place and in total.

    A cancellation counts in the month of the first version with that status, not in that of the booking; the
    share of a month's bookings that were canceled since is in `market_performance_monthly`. Days of notice
    are negative after the check-in; a booking without a check-in date has none. Money is at the rate of the
    day of booking.
    """
    canceled = canceled_until(bookings, bookings_history, as_of, only, days=31)
    notice = F.date_diff("checkin_date", "canceled_on")
    priced = with_usd(canceled.withColumn("notice", notice), exchange_rates, "total_price", "booked_on")
    rows = with_levels(with_place(priced, apartment_attributes))
    usd, days = F.col("usd"), F.col("notice")
    monthly = rows.groupBy(month_start(F.col("canceled_on")).alias("month_start"), *PLACE).agg(
        F.count("*").alias("cancellations"),
        F.coalesce(F.sum("nights"), F.lit(0)).alias("canceled_nights"),
        total(usd, F.lit(True)).alias("canceled_usd"),
        without_rate(usd, F.lit(True)).alias("rows_without_rate"),
        quotient(F.sum(days), F.count(days), 2).cast("DECIMAL(9,2)").alias("mean_notice_days"),
        in_order(days).alias("notices"),
        F.count_if(days < 0).alias("canceled_after_checkin"),
    )
    return monthly.select(
        "month_start",
        *PLACE,
        "cancellations",
        "canceled_nights",
        "canceled_usd",
        "rows_without_rate",
        "mean_notice_days",
        median(F.col("notices"), 2).cast("DECIMAL(9,2)").alias("median_notice_days"),
        "canceled_after_checkin",
        is_partial(F.last_day("month_start"), as_of).alias("is_partial"),
    )


def touched_by_bookings(changed: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The months in which they were canceled."""
    return _months(live(changed), bookings_history)


def touched_by_bookings_history(changed: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The months in which the bookings were canceled."""
    versions = bookings_history.unionByName(changed.select(*bookings_history.columns))
    return days_canceled(changed, versions).select(month_start(F.col("canceled_on")).alias("month_start"))


def touched_by_apartment_attributes(changed: DataFrame, bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The months in which bookings of the listings were canceled."""
    return _months(of_listings(live(bookings), changed), bookings_history)


def touched_by_exchange_rates(changed: DataFrame, bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The months in which the bookings were canceled whose price they convert."""
    return _months(priced_by(bookings, changed), bookings_history)


def touched_by_as_of(bookings: DataFrame, bookings_history: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days, and those in which bookings made between them were canceled."""
    canceled = _months(booked_between(bookings, was, as_of), bookings_history)
    return months_passed(bookings, was, as_of).unionByName(canceled)


def _months(bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    canceled = days_canceled(bookings.where("booking_status = 'canceled'"), bookings_history)
    return canceled.select(month_start(F.col("canceled_on")).alias("month_start"))
