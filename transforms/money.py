"""Amounts in US dollars, to the cent (rulings 1, 4, 11 and 19)."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from transforms.numbers import whole
from transforms.periods import days

RATE_HOLDS_DAYS = 7


def with_usd(rows: DataFrame, exchange_rates: DataFrame, price: str, day: str) -> DataFrame:
    """The rows with `usd`: the price in `currency` at the rate of a day, rounded half-up to the cent.

    The rate is that of the day or the latest one at most seven days older. USD is 1, with or without a row.
    Without a rate `usd` is NULL; a currency is never taken for another.
    """
    found = rows.join(
        F.broadcast(rates_by_day(exchange_rates)),
        (F.col("currency") == F.col("_currency")) & (F.col(day) == F.col("_day")),
        "left",
    )
    rate = F.when(F.col("currency") == "USD", F.lit(1)).otherwise(F.col("_rate"))
    usd = F.round(F.col(price) * rate.cast("DECIMAL(18,8)"), 2).cast("DECIMAL(12,2)")
    return found.withColumn("usd", usd).drop("_currency", "_day", "_rate")


def rates_by_day(exchange_rates: DataFrame) -> DataFrame:
    """The rate that holds on a day: one row per `_currency` and `_day` with `_rate`."""
    given = exchange_rates.where("_deleted_at IS NULL AND usd_per_unit IS NOT NULL")
    next_day = F.lead("rate_date").over(Window.partitionBy("currency").orderBy("rate_date"))
    last_day = F.least(F.date_add("rate_date", RATE_HOLDS_DAYS), F.date_sub(next_day, 1))
    return given.withColumn("last_day", last_day).select(
        F.col("currency").alias("_currency"),
        F.explode(days(F.col("rate_date"), F.col("last_day"))).alias("_day"),
        F.col("usd_per_unit").alias("_rate"),
    )


def share(amount: Column, parts: Column, is_last: Column) -> Column:
    """One of so many equal shares in whole cents; the last takes what is left, so that they sum exactly."""
    cents = (amount * 100).cast("BIGINT")
    even = whole(cents, parts)
    part = F.when(is_last, cents - even * (parts - 1)).otherwise(even)
    return (part.cast("DECIMAL(18,0)") / 100).cast("DECIMAL(12,2)")


def total(usd: Column, counts: Column) -> Column:
    """Aggregate: the sum over the rows that count; 0 where none does, NULL where none of them has a rate."""
    return F.when(F.count_if(counts) > 0, F.sum(F.when(counts, usd))).otherwise(F.lit(0)).cast("DECIMAL(14,2)")


def without_rate(usd: Column, counts: Column) -> Column:
    """Aggregate: how many of the rows that count have no amount in US dollars."""
    return F.count_if(counts & usd.isNull())
