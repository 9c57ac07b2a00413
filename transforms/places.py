"""Places: the current city and state of a listing, deleted or not; NULL where unknown (ruling 13, 15)."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PLACE = ["level", "city", "state"]


def with_place(rows: DataFrame, apartment_attributes: DataFrame) -> DataFrame:
    """The rows, by `apartment_id`, with `city` and `state`."""
    places = apartment_attributes.select(F.col("id").alias("apartment_id"), F.col("cityname").alias("city"), "state")
    return rows.join(places, "apartment_id", "left")


def with_totals(rows: DataFrame) -> DataFrame:
    """Each row twice: at `level` 'place', and at 'total' without city and state."""
    both = rows.withColumn("level", F.explode(F.array(F.lit("place"), F.lit("total"))))
    is_place = F.col("level") == "place"
    return both.withColumn("city", F.when(is_place, F.col("city"))).withColumn(
        "state", F.when(is_place, F.col("state"))
    )
