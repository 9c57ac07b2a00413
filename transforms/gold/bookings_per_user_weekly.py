"""Bookings per user and week."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.money import in_usd, sum_usd, without_rate
from transforms.periods import is_partial, week_end, week_start
from transforms.stays import booked

MART = Mart(
    name="bookings_per_user_weekly",
    grain=("week_start", "user_id"),
    description="A user's bookings by booking date and status; nights and spend of the confirmed ones.",
)


def build(bookings: DataFrame, exchange_rates: DataFrame, as_of: date) -> DataFrame:
    """Users with a booking of any status in the week."""
    priced = in_usd(booked(bookings, as_of), exchange_rates, "total_price", "booked_on")
    sure = F.col("is_confirmed")
    return (
        priced.groupBy(week_start(F.col("booked_on")).alias("week_start"), "user_id")
        .agg(
            F.count(F.when(sure, 1)).alias("confirmed_bookings"),
            F.count(F.when(F.col("booking_status") == "pending", 1)).alias("pending_bookings"),
            F.count(F.when(F.col("booking_status") == "canceled", 1)).alias("canceled_bookings"),
            F.coalesce(F.sum(F.when(sure, F.col("nights"))), F.lit(0)).cast("bigint").alias("nights"),
            sum_usd(sure).alias("spend_usd"),
            without_rate(sure).alias("rows_without_rate"),
        )
        .withColumn("is_partial", is_partial(week_end(F.col("week_start")), as_of))
    )
