"""Occupancy rate: nights booked of nights on offer, per month and place and in total."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail, warn
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count, share
from transforms.numbers import quotient
from transforms.periods import days, is_partial, month_start
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import differing, made_between, months_passed, of_listings
from transforms.stays import nights_until
from transforms.supply import live_spans, nights_on_offer

COUNTS = (
    "booked_nights",
    "available_nights",
    "double_booked_nights",
    "booked_beyond_supply",
    "assumed_nights",
)

MART = Mart(
    name="occupancy_rate_monthly",
    grain=("month_start", *PLACE),
    period="month_start",
    description="Nights with a confirmed stay, nights on offer, and the first as a share of the second.",
    columns=(
        MONTH,
        *PLACE_COLUMNS,
        count("booked_nights", "Distinct nights of listings with a confirmed stay", "nights"),
        count("available_nights", "Days of listings on offer", "nights"),
        share("occupancy_rate", "`booked_nights` of `available_nights`; may exceed 1"),
        count("double_booked_nights", "Further stays of a night that is already booked", "nights"),
        count("booked_beyond_supply", "Of the booked, nights on which the listing was not on offer", "nights"),
        count("assumed_nights", "Of the available, days known only from a later version", "nights"),
        IS_PARTIAL,
    ),
    checks=(
        fail(
            "parts_within_whole",
            "booked_beyond_supply <= booked_nights AND assumed_nights <= available_nights",
        ),
        warn("booked_within_supply", "occupancy_rate <= 1"),
    ),
)


def build(
    stay_nights: DataFrame,
    apartments_history: DataFrame,
    apartment_attributes: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per month with a night on offer or booked, place by place and in total.

    Nights and days up to `as_of`, of bookings made up to `as_of`. A night that two stays share counts once;
    the second stay is a `double_booked_night`. A night booked while the listing was not on offer counts as
    booked and in `booked_beyond_supply`; so the rate may exceed 1, and is NULL where nothing was on offer.
    """
    live = live_spans(apartments_history, as_of)
    nights = nights_until(stay_nights, as_of)
    parts = _booked(nights, live).unionByName(nights_on_offer(live, only), allowMissingColumns=True)
    rows = with_levels(with_place(parts, apartment_attributes))
    sums = [F.coalesce(F.sum(name), F.lit(0)).cast("BIGINT").alias(name) for name in COUNTS]
    rate = quotient(F.col("booked_nights"), F.col("available_nights"), 6)
    return (
        rows.groupBy("month_start", *PLACE)
        .agg(*sums)
        .select(
            "month_start",
            *PLACE,
            "booked_nights",
            "available_nights",
            rate.cast("DECIMAL(9,6)").alias("occupancy_rate"),
            *COUNTS[2:],
            is_partial(F.last_day("month_start"), as_of).alias("is_partial"),
        )
    )


def _booked(nights: DataFrame, live: DataFrame) -> DataFrame:
    """Booked nights per listing and month."""
    taken = nights.groupBy("apartment_id", "night", "month_start").agg(F.count("*").alias("stays"))
    on_offer = [taken.apartment_id == live.apartment_id, taken.night.between(live.first_day, live.last_day)]
    matched = taken.join(live, on_offer, "left").select(taken["*"], live.first_day)
    return matched.groupBy("apartment_id", "month_start").agg(
        F.count("*").alias("booked_nights"),
        F.sum(F.col("stays") - 1).alias("double_booked_nights"),
        F.count_if(F.col("first_day").isNull()).alias("booked_beyond_supply"),
    )


def touched_by_stay_nights(changed: DataFrame) -> DataFrame:
    """The months of the nights."""
    return changed.select("month_start")


def touched_by_apartments_history(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The months with a day on which a listing was on offer and is not, or was not and is."""
    return differing(changed, apartments_history, lambda history: _days(live_spans(history, as_of)), "month_start")


def touched_by_apartment_attributes(
    changed: DataFrame, stay_nights: DataFrame, apartments_history: DataFrame, as_of: date
) -> DataFrame:
    """The months in which the listings were booked or on offer."""
    booked = of_listings(stay_nights, changed).select(month_start(F.col("night")).alias("month_start"))
    return booked.unionByName(_days(of_listings(live_spans(apartments_history, as_of), changed)).select("month_start"))


def touched_by_as_of(stay_nights: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days, and those of nights that were booked between them."""
    booked = made_between(stay_nights, was, as_of).select("month_start")
    return months_passed(stay_nights, was, as_of).unionByName(booked)


def _days(live: DataFrame) -> DataFrame:
    """One row per listing and day on offer."""
    on_offer = live.select(
        "apartment_id", F.explode(days(F.col("first_day"), F.col("last_day"))).alias("day"), "is_assumed"
    )
    return on_offer.withColumn("month_start", month_start(F.col("day")))
