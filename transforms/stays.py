"""Bookings that count, by ruling 2 and 16: "confirmed" is confirmed and completed."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def booked(bookings: DataFrame, as_of: date) -> DataFrame:
    """Live bookings made up to `as_of`, with `booked_on`, `nights` and `is_confirmed`."""
    return (
        _live(bookings)
        .withColumn("booked_on", F.col("booking_date").cast("date"))
        .where(F.col("booked_on") <= F.lit(as_of))
    )


def confirmed(bookings: DataFrame) -> DataFrame:
    """Live confirmed stays, with `booked_on` and `nights`."""
    return _live(bookings).where("is_confirmed").withColumn("booked_on", F.col("booking_date").cast("date"))


def _live(bookings: DataFrame) -> DataFrame:
    return (
        bookings.where("_deleted_at IS NULL")
        .withColumn("is_confirmed", F.col("booking_status").isin("confirmed", "completed"))
        .withColumn("nights", F.datediff("checkout_date", "checkin_date"))
    )
