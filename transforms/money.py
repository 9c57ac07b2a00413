"""Money in US dollars at the rate of its day, and spread over nights to the cent (rulings 1, 4, 11)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

MAX_AGE_DAYS = 7


def daily_rates(exchange_rates: DataFrame) -> DataFrame:
    """(`currency`, `day`, `rate`): of each day the day's rate, or the latest one at most seven days older."""
    live = exchange_rates.where("_deleted_at IS NULL").select("currency", "rate_date", "usd_per_unit")
    following = F.lead("rate_date").over(Window.partitionBy("currency").orderBy("rate_date"))
    last = F.least(F.date_add("rate_date", MAX_AGE_DAYS), F.date_sub(following, 1))
    days = F.explode(F.sequence("rate_date", "last")).alias("day")
    return live.withColumn("last", last).select("currency", days, F.col("usd_per_unit").alias("rate"))


def in_usd(rows: DataFrame, exchange_rates: DataFrame, amount: str, day: str) -> DataFrame:
    """The rows with `usd`: `amount` of `currency` at the rate of `day`, half-up to cents; NULL without a rate."""
    rates = daily_rates(exchange_rates).withColumnRenamed("day", "_day").withColumnRenamed("currency", "_currency")
    same = (F.col("currency") == F.col("_currency")) & (F.col(day) == F.col("_day"))
    rate = F.when(F.col("currency") == "USD", F.lit(1).cast("decimal(18,8)")).otherwise(F.col("rate"))
    usd = F.round(F.col(amount).cast("decimal(14,2)") * rate, 2).cast("decimal(14,2)")
    return rows.join(F.broadcast(rates), same, "left").withColumn("usd", usd).drop("_day", "_currency", "rate")


def spread(total_cents: Column, nights: Column, number: Column) -> Column:
    """The cents of night `number` (from 0): evenly, and the last night takes the remainder."""
    even = F.floor(total_cents / nights)
    return F.when(number < nights - 1, even).otherwise(total_cents - even * (nights - 1)).cast("bigint")


def sum_usd(eligible: Column) -> Column:
    """Σ `usd` of eligible rows: 0.00 over none, NULL where none of them has a rate."""
    total = F.sum(F.when(eligible, F.col("usd")))
    none = F.count(F.when(eligible, 1)) == 0
    return F.when(none, F.lit(0)).otherwise(total).cast("decimal(14,2)")


def without_rate(eligible: Column) -> Column:
    """How many eligible rows have no rate."""
    return F.count(F.when(eligible & F.col("usd").isNull(), 1))
