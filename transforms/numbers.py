"""Exact quotients and quantiles: decimals and integers throughout, rounded half-up (rulings 5, 19)."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def quotient(numerator: Column, denominator: Column, scale: int) -> Column:
    """The quotient rounded half-up to `scale` digits; NULL where the denominator is 0.

    Spark divides to 19 digits first. Rounding that again is exact: a quotient that is no tie is at least
    1 / (2 * 10^scale * denominator) away from one, which 19 digits resolve for any count that occurs.
    """
    divisor = F.nullif(denominator.cast("DECIMAL(12,0)"), F.lit(0))
    return F.round(numerator.cast("DECIMAL(24,6)") / divisor, scale)


def growth(now: Column, before: Column) -> Column:
    """The change as a fraction of what was before, rounded half-up to 6 digits; NULL where that was 0."""
    now, before = now.cast("DECIMAL(16,2)"), before.cast("DECIMAL(16,2)")
    return F.round((now - before) / F.nullif(before, F.lit(0)), 6).cast("DECIMAL(20,6)")


def whole(numerator: Column, denominator: Column) -> Column:
    """The whole part of a quotient of integers."""
    return F.call_function("div", numerator, denominator)


def in_order(values: Column) -> Column:
    """Aggregate: the values that are not NULL as a sorted array, which the quantiles read."""
    return F.sort_array(F.collect_list(values))


def median(ordered: Column, scale: int) -> Column:
    """The mean of the middle two of a sorted array; NULL where it is empty."""
    size = F.size(ordered)
    middle = F.get(ordered, whole(size - 1, F.lit(2))) + F.get(ordered, whole(size, F.lit(2)))
    return quotient(middle, F.lit(2), scale)


def nearest_rank(ordered: Column, percent: int) -> Column:
    """The smallest value that at least `percent` of a sorted array do not exceed; NULL where it is empty."""
    rank = whole(F.size(ordered).cast("BIGINT") * percent + 99, F.lit(100))
    return F.get(ordered, (rank - 1).cast("INT"))
