"""Which listing was on offer on which day, from the history of listings (rulings 9, 12, 17)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def known_days(apartments_history: DataFrame, as_of: date) -> DataFrame:
    """One row per version of a listing: the days `first` to `last` at whose end it held.

    Before the first version its state is assumed from the day of creation on (`is_assumed`). A version that
    did not last to the end of a day has `last` before `first`; no day is before creation or after `as_of`.
    """
    versions = apartments_history.where("valid_to IS NULL OR valid_to > valid_from")
    created = F.col("listing_created_on").cast("date")
    begins = F.col("valid_from").cast("date")
    ends = F.least(F.coalesce(F.date_sub(F.col("valid_to").cast("date"), 1), F.lit(as_of)), F.lit(as_of))
    order = F.row_number().over(Window.partitionBy("id").orderBy("valid_from", "_seq"))
    kept = ["id", "price", "currency", "is_active", "valid_from", "created_on"]
    numbered = versions.withColumn("created_on", created).withColumn("_number", order)
    observed = numbered.select(
        *kept,
        F.greatest(begins, created).alias("first"),
        ends.alias("last"),
        F.lit(False).alias("is_assumed"),
    )
    before = F.least(F.date_sub(begins, 1), F.lit(as_of))
    assumed = numbered.where((F.col("_number") == 1) & (created < begins)).select(
        *kept, created.alias("first"), before.alias("last"), F.lit(True).alias("is_assumed")
    )
    return observed.unionByName(assumed.withColumn("valid_from", F.lit(None).cast("timestamp")))


def live_days(apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The intervals of days, `first` to `last`, on which a listing was on offer."""
    return known_days(apartments_history, as_of).where("is_active AND first <= last")
