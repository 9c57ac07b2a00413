"""Supply: how many listings stand on offer at the end of a month, and how many came and went in it."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count
from transforms.periods import is_partial, month_start, months
from transforms.places import PLACE, with_levels, with_place
from transforms.supply import creations, live_spans, offers

COUNTS = ("listings", "created", "activated", "deactivated", "assumed_listings")

MART = Mart(
    name="supply_monthly",
    grain=("month_start", *PLACE),
    description="Listings on offer at the end of a month, and those made, put on offer and taken off in it.",
    columns=(
        MONTH,
        *PLACE_COLUMNS,
        count("listings", "On offer at the end of the month's last counted day", "listings"),
        count("created", "Made in the month, on offer or not", "listings"),
        count("activated", "Times a listing came on offer, new ones too", "times"),
        count("deactivated", "Times a listing left the offer, deleted ones too", "times"),
        count("assumed_listings", "Of `listings`, those known only from a later version", "listings"),
        IS_PARTIAL,
    ),
    checks=(fail("assumed_within_listings", "assumed_listings <= listings"),),
)


def build(apartments_history: DataFrame, apartment_attributes: DataFrame, as_of: date) -> DataFrame:
    """One row per month with a listing on offer, made, or taken off, place by place and in total.

    The end of the unfinished month is `as_of`. A listing is `created` in the month of its creation, by its
    last known version, on offer or not. `activated` and `deactivated` count each time a listing came on offer
    or left it, by its owner or by deletion, so that the listings of a month are those of the month before plus
    the activated minus the deactivated.
    """
    live = live_spans(apartments_history, as_of)
    offered = offers(live)
    left = F.date_add("last_day", 1)
    parts = [
        _events(offered, F.col("first_day"), "activated"),
        _events(offered.where(F.col("last_day") < F.lit(as_of)), left, "deactivated"),
        _events(creations(apartments_history).where(F.col("created") <= F.lit(as_of)), F.col("created"), "created"),
        _standing(live, as_of),
    ]
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part, allowMissingColumns=True)
    sums = [F.coalesce(F.sum(name), F.lit(0)).cast("BIGINT").alias(name) for name in COUNTS]
    monthly = with_levels(with_place(rows, apartment_attributes)).groupBy("month_start", *PLACE).agg(*sums)
    return monthly.withColumn("is_partial", is_partial(F.last_day("month_start"), as_of))


def _events(rows: DataFrame, day: Column, name: str) -> DataFrame:
    return rows.select("apartment_id", month_start(day).alias("month_start"), F.lit(1).alias(name))


def _standing(live: DataFrame, as_of: date) -> DataFrame:
    """One row per listing and month with a day on offer; it counts where that is the last day counted."""
    touched = live.withColumn("month_start", F.explode(months(F.col("first_day"), F.col("last_day"))))
    stands = F.col("last_day") >= F.least(F.last_day("month_start"), F.lit(as_of))
    return touched.select(
        "apartment_id",
        "month_start",
        stands.cast("INT").alias("listings"),
        (stands & F.col("is_assumed")).cast("INT").alias("assumed_listings"),
    )
