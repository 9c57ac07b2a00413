"""Repeat customer rate per day, over a rolling window of thirty days."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import ratio
from transforms.stays import booked

MART = Mart(
    name="repeat_customer_rate_daily",
    grain=("day",),
    description="Of the users with a confirmed booking in (D-30, D], the share with two or more.",
)
WINDOW_DAYS = 30


def build(bookings: DataFrame, as_of: date) -> DataFrame:
    """Every day from the first booking to `as_of`; the first 29 days are partial."""
    made = booked(bookings, as_of)
    per_day = made.where("is_confirmed").groupBy("user_id", "booked_on").agg(F.count("*").alias("n"))
    reach = F.sequence("booked_on", F.least(F.date_add("booked_on", WINDOW_DAYS - 1), F.lit(as_of)))
    in_window = per_day.withColumn("day", F.explode(reach)).groupBy("day", "user_id").agg(F.sum("n").alias("n"))
    counted = in_window.groupBy("day").agg(
        F.count("*").alias("users"), F.count(F.when(F.col("n") >= 2, 1)).alias("repeat_users")
    )
    first = made.agg(F.min("booked_on").alias("first_day")).where("first_day IS NOT NULL")
    days = first.select("first_day", F.explode(F.sequence("first_day", F.lit(as_of))).alias("day"))
    users, repeaters = (F.coalesce(F.col(c), F.lit(0)).cast("bigint") for c in ("users", "repeat_users"))
    return days.join(counted, "day", "left").select(
        "day",
        users.alias("users"),
        repeaters.alias("repeat_users"),
        ratio(repeaters, users, 9, 6).alias("repeat_rate"),
        (F.col("day") < F.date_add("first_day", WINDOW_DAYS - 1)).alias("is_partial"),
    )
