"""Average booking duration: how long the stays are that begin in a week, per place and in total."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, PLACE_COLUMNS, WEEK, count
from transforms.numbers import in_order, median, nearest_rank, quotient
from transforms.periods import is_partial, week_end, week_start, within
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import booked_between, of_listings, weeks_passed
from transforms.stays import live, made_until

MART = Mart(
    name="average_booking_duration_weekly",
    grain=("week_start", *PLACE),
    period="week_start",
    description="Confirmed stays by week of check-in, with the mean, median and 90th percentile of nights.",
    columns=(
        WEEK,
        *PLACE_COLUMNS,
        count("stays", "Confirmed stays that begin in the week", "stays"),
        MartColumn("mean_nights", "DECIMAL(9,2)", "Mean length of those stays", "nights"),
        MartColumn("median_nights", "DECIMAL(9,2)", "Median length: the mean of the middle two", "nights"),
        MartColumn("p90_nights", "INT", "90th percentile of length: the nearest rank", "nights"),
        IS_PARTIAL,
    ),
    checks=(fail("at_least_a_night", "median_nights >= 1 AND p90_nights >= 1"),),
)


def build(
    bookings: DataFrame, apartment_attributes: DataFrame, as_of: date, only: Sequence[date] | None = None
) -> DataFrame:
    """One row per week with a check-in up to `as_of`, of bookings made up to `as_of`.

    A stay counts whole in the week of its check-in. The 90th percentile is the nearest rank: a stay that was.
    """
    begun = made_until(bookings, as_of).where("is_confirmed AND nights > 0")
    arrived = begun.where(F.col("checkin_date") <= F.lit(as_of)).where(within(F.col("checkin_date"), only, 7))
    rows = with_levels(with_place(arrived, apartment_attributes))
    weekly = rows.groupBy(week_start(F.col("checkin_date")).alias("week_start"), *PLACE).agg(
        F.count("*").alias("stays"),
        quotient(F.sum("nights"), F.count("*"), 2).alias("mean_nights"),
        in_order(F.col("nights")).alias("lengths"),
    )
    lengths = F.col("lengths")
    return weekly.select(
        "week_start",
        *PLACE,
        "stays",
        F.col("mean_nights").cast("DECIMAL(9,2)"),
        median(lengths, 2).cast("DECIMAL(9,2)").alias("median_nights"),
        nearest_rank(lengths, 90).cast("INT").alias("p90_nights"),
        is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
    )


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The weeks of their check-ins."""
    return live(changed).select(week_start(F.col("checkin_date")).alias("week_start"))


def touched_by_apartment_attributes(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The weeks of check-ins at the listings."""
    return touched_by_bookings(of_listings(bookings, changed))


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks between the two days, and those of stays that were booked between them."""
    weeks = weeks_passed(bookings, was, as_of)
    return weeks.unionByName(touched_by_bookings(booked_between(bookings, was, as_of).select(*bookings.columns)))
