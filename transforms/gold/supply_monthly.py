"""Supply: how many listings stand on offer at the end of a month, and how many came and went in it."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count
from transforms.periods import is_partial, month_start, months
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import differing, months_passed, of_listings
from transforms.supply import creations, live_spans, offers

COUNTS = ("listings", "created", "activated", "deactivated", "assumed_listings")

MART = Mart(
    name="supply_monthly",
    grain=("month_start", *PLACE),
    period="month_start",
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
    rows = with_levels(with_place(_facts(apartments_history, as_of), apartment_attributes))
    sums = [F.coalesce(F.sum(name), F.lit(0)).cast("BIGINT").alias(name) for name in COUNTS]
    monthly = rows.groupBy("month_start", *PLACE).agg(*sums)
    return monthly.withColumn("is_partial", is_partial(F.last_day("month_start"), as_of))


def _facts(apartments_history: DataFrame, as_of: date) -> DataFrame:
    """What happened to each listing by month, one row per kind of fact; the columns of other kinds are NULL."""
    live = live_spans(apartments_history, as_of)
    offered = offers(live)
    left = F.date_add("last_day", 1)
    parts = [
        _events(offered, F.col("first_day"), "activated"),
        _events(offered.where(F.col("last_day") < F.lit(as_of)), left, "deactivated"),
        _events(creations(apartments_history).where(F.col("created") <= F.lit(as_of)), F.col("created"), "created"),
        _standing(live, as_of),
    ]
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)


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


def touched_by_apartments_history(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The months in which something else happened to a listing, or it stands and did not, or did and does not."""
    return differing(changed, apartments_history, lambda history: _facts(history, as_of), "month_start")


def touched_by_apartment_attributes(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The months in which something happened to the listings, or they were on offer."""
    return of_listings(_facts(apartments_history, as_of), changed).select("month_start")


def touched_by_as_of(apartments_history: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days."""
    return months_passed(apartments_history, was, as_of)
