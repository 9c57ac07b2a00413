"""Looks at listings, and the bookings that came of them."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transforms.periods import day_of

CONTACTS = ("Contact Agent", "Book Now")
LEADS_WITHIN_DAYS = 30


def viewed(user_viewing: DataFrame) -> DataFrame:
    """The looks that are not deleted, with `viewed_on`."""
    return user_viewing.where("_deleted_at IS NULL").withColumn("viewed_on", day_of(F.col("viewed_at")))


def viewed_until(user_viewing: DataFrame, as_of: date) -> DataFrame:
    """The looks up to the end of a day, with `viewed_on`."""
    return viewed(user_viewing).where(F.col("viewed_on") <= F.lit(as_of))


def led_to(views: DataFrame, bookings: DataFrame) -> list[Column]:
    """That a booking is of the user and listing of a look, and made at most thirty days after it."""
    since = bookings.booking_date - F.expr(f"INTERVAL {LEADS_WITHIN_DAYS} DAYS")
    return [
        views.user_id == bookings.user_id,
        views.apartment_id == bookings.apartment_id,
        views.viewed_at.between(since, bookings.booking_date),
    ]
