"""Ranks without ties (ruling 8)."""

from collections.abc import Sequence

from pyspark.sql import Column, Window
from pyspark.sql import functions as F


def rank(within: Sequence[str], *order: Column) -> Column:
    """The row number within a period, or a place in it.

    An order that ends in something unique makes top N at most N rows.
    """
    return F.row_number().over(Window.partitionBy(*within).orderBy(*order)).cast("INT")
