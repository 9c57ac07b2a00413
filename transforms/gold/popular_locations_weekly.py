"""Popular locations per week: where confirmed bookings were made for."""

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.money import in_usd, sum_usd, without_rate
from transforms.periods import is_partial, week_end, week_start
from transforms.places import with_place
from transforms.stays import booked

MART = Mart(
    name="popular_locations_weekly",
    grain=("week_start", "city", "state"),
    description="Confirmed bookings by booking date, distinct guests and revenue per place, ranked by bookings.",
)


def build(bookings: DataFrame, apartment_attributes: DataFrame, exchange_rates: DataFrame, as_of: date) -> DataFrame:
    """All places with a booking in the week; the unknown place is ranked last of equals."""
    confirmed = booked(bookings, as_of).where("is_confirmed")
    priced = in_usd(confirmed, exchange_rates, "total_price", "booked_on")
    placed = with_place(priced, apartment_attributes).withColumn("week_start", week_start(F.col("booked_on")))
    everyone = F.lit(True)
    counted = placed.groupBy("week_start", "city", "state").agg(
        F.count("*").alias("bookings"),
        F.countDistinct("user_id").alias("guests"),
        sum_usd(everyone).alias("revenue_usd"),
        without_rate(everyone).alias("rows_without_rate"),
    )
    order = [F.desc("bookings"), F.asc_nulls_last("city"), F.asc_nulls_last("state")]
    return counted.select(
        "week_start",
        F.lit("place").alias("level"),
        "city",
        "state",
        "bookings",
        "guests",
        "revenue_usd",
        "rows_without_rate",
        F.row_number().over(Window.partitionBy("week_start").orderBy(*order)).alias("rank"),
        is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
    )
