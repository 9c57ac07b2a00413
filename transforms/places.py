"""Where a listing is: its city and state of today (rulings 13 and 15)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PLACE = ("level", "city", "state")


def with_place(rows: DataFrame, apartment_attributes: DataFrame) -> DataFrame:
    """The rows with `city` and `state` of `apartment_id`, deleted or not; NULL where unknown."""
    places = apartment_attributes.select(F.col("id").alias("apartment_id"), F.col("cityname").alias("city"), "state")
    return rows.join(places, "apartment_id", "left")


def with_levels(rows: DataFrame) -> DataFrame:
    """Each row twice, for its place and for the total; `level` tells a total from the unknown place."""
    both = rows.withColumn("level", F.explode(F.array(F.lit("place"), F.lit("total"))))
    is_place = F.col("level") == "place"
    return both.withColumns({name: F.when(is_place, F.col(name)) for name in ("city", "state")})
