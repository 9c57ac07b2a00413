"""Exact arithmetic: integers and decimals only, rounded half-up once (rulings 4, 5, 19)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def cents(amount: Column) -> Column:
    """An amount of two decimals as a whole number of cents."""
    return (amount * 100).cast("bigint")


def from_cents(number: Column, precision: int = 14) -> Column:
    """Cents as an amount of two decimals."""
    return (number.cast("decimal(20,0)") / 100).cast(f"decimal({precision},2)")


def ratio(numerator: Column, denominator: Column, precision: int, scale: int) -> Column:
    """Quotient of two whole numbers that are not negative, half-up at `scale`; NULL where nothing divides."""
    factor = 10**scale
    twice = numerator.cast("decimal(38,0)") * F.lit(2 * factor) + denominator
    whole = F.floor(twice / (denominator * 2)).cast("decimal(38,0)")
    value = (whole / F.lit(factor)).cast(f"decimal({precision},{scale})")
    return F.when(denominator != 0, value)


def ranked_values(rows: DataFrame, group: list[str], value: str) -> DataFrame:
    """Per group the middle two values, `_low` and `_high`, and the nearest-rank 90th percentile, `_p90`.

    Rows without a value are left out.
    """
    there = rows.where(F.col(value).isNotNull())
    ordered = there.withColumn("_rank", F.row_number().over(Window.partitionBy(*group).orderBy(value)))
    counted = ordered.withColumn("_n", F.count("*").over(Window.partitionBy(*group)))
    at = {"_low": "(_n + 1) div 2", "_high": "(_n + 2) div 2", "_p90": "(9 * _n + 9) div 10"}
    picks = [F.min(F.when(F.col("_rank") == F.expr(rank), F.col(value))).alias(n) for n, rank in at.items()]
    return counted.groupBy(*group).agg(*picks)
