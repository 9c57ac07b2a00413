"""Top listings per week by confirmed revenue."""

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import cents, from_cents, ratio
from transforms.money import in_usd, sum_usd, without_rate
from transforms.periods import is_partial, week_end, week_start
from transforms.stays import booked

MART = Mart(
    name="top_listings_weekly",
    grain=("week_start", "rank"),
    description="The listings with the highest confirmed revenue by booking date, at most `top` a week.",
)


def build(bookings: DataFrame, exchange_rates: DataFrame, as_of: date, top: int = 10) -> DataFrame:
    """ADR is Σ revenue by Σ nights over the bookings that have a rate (rulings 6, 19)."""
    confirmed = booked(bookings, as_of).where("is_confirmed")
    priced = in_usd(confirmed, exchange_rates, "total_price", "booked_on")
    rated = F.sum(F.when(F.col("usd").isNotNull(), F.col("nights")))
    counted = priced.groupBy(week_start(F.col("booked_on")).alias("week_start"), "apartment_id").agg(
        F.count("*").alias("bookings"),
        F.sum("nights").cast("bigint").alias("nights"),
        sum_usd(F.lit(True)).alias("revenue_usd"),
        rated.alias("_rated_nights"),
        without_rate(F.lit(True)).alias("rows_without_rate"),
    )
    order = [F.desc_nulls_last("revenue_usd"), F.desc("bookings"), F.asc("apartment_id")]
    ranked = counted.withColumn("rank", F.row_number().over(Window.partitionBy("week_start").orderBy(*order)))
    adr = ratio(cents(F.col("revenue_usd")), F.col("_rated_nights"), 20, 0)
    return ranked.where(F.col("rank") <= top).select(
        "week_start",
        "rank",
        "apartment_id",
        "bookings",
        "nights",
        "revenue_usd",
        from_cents(adr, 12).alias("adr_usd"),
        "rows_without_rate",
        is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
    )
