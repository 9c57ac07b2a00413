"""Bookings as the marts count them: live, dated by their UTC day, confirmed or not (rulings 1, 2, 12, 16)."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transforms.periods import day_of, within


def live(bookings: DataFrame) -> DataFrame:
    """The bookings that are not deleted, with `booked_on`, `nights` and `is_confirmed`.

    `nights` counts the days from check-in up to check-out, which is no night.
    """
    return bookings.where("_deleted_at IS NULL").withColumns(
        {
            "booked_on": day_of(F.col("booking_date")),
            "nights": F.date_diff("checkout_date", "checkin_date"),
            "is_confirmed": is_confirmed(F.col("booking_status")),
        }
    )


def made_until(bookings: DataFrame, as_of: date, only: Sequence[date] | None = None, days: int = 1) -> DataFrame:
    """The live bookings made up to the end of a day; one without a date counts on no day.

    `only` begin the periods of so many days of which bookings are wanted.
    """
    wanted = within(F.col("booking_date"), only, days)
    return live(bookings).where((F.col("booked_on") <= F.lit(as_of)) & wanted)


def nights_until(stay_nights: DataFrame, as_of: date) -> DataFrame:
    """The nights up to a day, of the bookings made up to that day; one without a date counts on no day."""
    return stay_nights.where((F.col("night") <= F.lit(as_of)) & (F.col("booked_on") <= F.lit(as_of)))


def canceled_until(
    bookings: DataFrame, bookings_history: DataFrame, as_of: date, only: Sequence[date] | None = None, days: int = 1
) -> DataFrame:
    """The bookings made and canceled up to the end of a day, and canceled now, with `canceled_on`.

    That is the day of the first version with this status; one that was confirmed again is not canceled. `only`
    begin the periods of so many days of which all cancellations are wanted.
    """
    canceled = "booking_status = 'canceled'"
    versions = bookings_history.where(canceled)
    if only is not None:
        wanted = versions.where(within(F.col("valid_from"), only, days)).select("booking_id").distinct()
        versions = versions.join(wanted, "booking_id", "left_semi")
    first = versions.groupBy("booking_id").agg(F.min("valid_from").alias("since"))
    found = made_until(bookings, as_of).where(canceled).join(first, "booking_id")
    return found.withColumn("canceled_on", day_of(F.col("since"))).where(F.col("canceled_on") <= F.lit(as_of))


def is_confirmed(status: Column) -> Column:
    """True for `confirmed` and `completed`, which make nights, revenue and repeat customers."""
    return F.coalesce(status.isin("confirmed", "completed"), F.lit(False))
