"""Occupancy rate per month and place."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import ratio
from transforms.periods import is_partial, month_start
from transforms.places import PLACE, with_place, with_totals
from transforms.supply import live_days

MART = Mart(
    name="occupancy_rate_monthly",
    grain=("month_start", "level", "city", "state"),
    description="Booked nights by available nights; a double-booked night counts once and is shown beside.",
)
COUNTS = [
    "booked_nights",
    "available_nights",
    "double_booked_nights",
    "booked_beyond_supply",
    "assumed_nights",
]


def build(
    stay_nights: DataFrame, apartments_history: DataFrame, apartment_attributes: DataFrame, as_of: date
) -> DataFrame:
    """Nights up to `as_of`, each in its own month; a rate above 1 is shown, not clipped (ruling 18)."""
    live = live_days(apartments_history, as_of)
    counts = _demand(stay_nights, live, as_of).unionByName(_supply(live), allowMissingColumns=True)
    group = ["month_start", *PLACE]
    placed = with_totals(with_place(counts, apartment_attributes))
    sums = [F.coalesce(F.sum(c), F.lit(0)).cast("bigint").alias(c) for c in COUNTS]
    return (
        placed.groupBy(*group)
        .agg(*sums)
        .select(
            *group,
            "booked_nights",
            "available_nights",
            ratio(F.col("booked_nights"), F.col("available_nights"), 9, 6).alias("occupancy_rate"),
            "double_booked_nights",
            "booked_beyond_supply",
            "assumed_nights",
            is_partial(F.last_day("month_start"), as_of).alias("is_partial"),
        )
    )


def _demand(stay_nights: DataFrame, live: DataFrame, as_of: date) -> DataFrame:
    taken = stay_nights.where(F.col("night") <= F.lit(as_of)).groupBy("apartment_id", "night")
    nights = taken.agg(F.count("*").alias("stays"))
    on = (F.col("id") == F.col("apartment_id")) & F.col("night").between(F.col("first"), F.col("last"))
    beyond = nights.join(live.select("id", "first", "last"), on, "left_anti")
    once = nights.groupBy("apartment_id", month_start(F.col("night")).alias("month_start")).agg(
        F.count("*").alias("booked_nights"), (F.sum("stays") - F.count("*")).alias("double_booked_nights")
    )
    outside = beyond.groupBy("apartment_id", month_start(F.col("night")).alias("month_start")).agg(
        F.count("*").alias("booked_beyond_supply")
    )
    return once.unionByName(outside, allowMissingColumns=True)


def _supply(live: DataFrame) -> DataFrame:
    months = F.sequence(month_start(F.col("first")), month_start(F.col("last")), F.expr("INTERVAL 1 MONTH"))
    monthly = live.withColumn("month_start", F.explode(months))
    begin, end = F.greatest("first", "month_start"), F.least(F.col("last"), F.last_day("month_start"))
    days = F.datediff(end, begin) + 1
    return monthly.groupBy(F.col("id").alias("apartment_id"), "month_start").agg(
        F.sum(days).alias("available_nights"),
        F.sum(F.when(F.col("is_assumed"), days)).alias("assumed_nights"),
    )
