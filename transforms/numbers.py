"""Exact quotients and quantiles: decimals and integers throughout, rounded half-up once (ruling 19)."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def quotient(numerator: Column, denominator: Column, scale: int) -> Column:
    """`numerator / denominator` rounded half-up to `scale` digits; NULL where the denominator is 0 (ruling 5).

    Spark divides to 19 digits first. Rounding twice is exact: a quotient that is no tie is at least
    1 / (2 * 10^scale * denominator) away from one, more than those 19 digits can blur below 10^12.
    """
    exact = numerator.cast("DECIMAL(24,6)") / F.nullif(denominator.cast("DECIMAL(12,0)"), F.lit(0))
    return F.round(exact, scale)


def in_order(values: Column) -> Column:
    """Aggregate: the values that are not NULL, sorted; what `median` and `nearest_rank` read."""
    return F.sort_array(F.collect_list(values))


def median(ordered: Column, scale: int) -> Column:
    """The mean of the middle two of an ordered array, half-up; NULL where it is empty."""
    size = F.size(ordered)
    low, high = F.expr("0"), F.expr("0")
    del low, high
    return size
