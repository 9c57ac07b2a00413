"""Ranks without ties (ruling 8)."""

from pyspark.sql import Column, Window
from pyspark.sql import functions as F


def rank(period: str, *order: Column) -> Column:
    """The row number within a period; an order that ends in something unique makes top N at most N rows."""
    return F.row_number().over(Window.partitionBy(period).orderBy(*order)).cast("INT")
