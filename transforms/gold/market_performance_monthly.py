"""Market performance: nights, prices, stays and cancellations of a month, per place and in total."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count
from transforms.performance import FIGURES, facts, summed, with_figures
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import and_a_year_on, booked_between, differing, months_counted, months_passed, of_listings
from transforms.stays import live
from transforms.supply import live_spans, nights_on_offer

MART = Mart(
    name="market_performance_monthly",
    grain=("month_start", *PLACE),
    period="month_start",
    description="What the listings of a place sold in a month: ADR, RevPAR, length of stay, lead time, cancellations.",
    columns=(
        MONTH,
        *PLACE_COLUMNS,
        count("live_listings", "On offer on at least one day of the month", "listings"),
        *FIGURES,
        IS_PARTIAL,
    ),
    checks=(
        fail("parts_within_whole", "canceled_bookings + confirmed_bookings <= bookings"),
        fail("revenue_not_negative", "revenue_usd >= 0"),
    ),
)


def build(
    stay_nights: DataFrame,
    bookings: DataFrame,
    apartments_history: DataFrame,
    apartment_attributes: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per month with a night sold or on offer or a booking made, place by place and in total.

    Nights and revenue count in the month of the night, stays and lead times in that of the check-in,
    bookings and cancellations in that of the booking: the rate is that of a cohort, and grows while the cohort
    is young. All count what was up to `as_of`, of bookings made up to `as_of`. A year before without a row,
    nights or revenue has no change; nor has the unfinished month.
    """
    rows = with_levels(with_place(facts(stay_nights, bookings, apartments_history, as_of, only), apartment_attributes))
    sums = summed(rows, list(PLACE), F.count("available_nights").alias("live_listings"))
    return with_figures(sums, list(PLACE), as_of).select(*[column.name for column in MART.columns])


def touched_by_stay_nights(changed: DataFrame) -> DataFrame:
    """The months of the nights, and those a year later."""
    return and_a_year_on(changed.select("month_start"))


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The months in which they count, and those a year later."""
    return and_a_year_on(months_counted(live(changed)))


def touched_by_apartments_history(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The months in which a listing was on offer on more days or fewer, and those a year later."""

    def says(history: DataFrame) -> DataFrame:
        return nights_on_offer(live_spans(history, as_of)).drop("assumed_nights")

    return and_a_year_on(differing(changed, apartments_history, says, "month_start"))


def touched_by_apartment_attributes(
    changed: DataFrame, bookings: DataFrame, apartments_history: DataFrame, as_of: date
) -> DataFrame:
    """The months in which the listings were on offer or their bookings count, and those a year later."""
    offered = nights_on_offer(of_listings(live_spans(apartments_history, as_of), changed)).select("month_start")
    return and_a_year_on(offered.unionByName(months_counted(of_listings(live(bookings), changed))))


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days, those in which bookings made between them count, and those a year later."""
    counted = months_counted(booked_between(bookings, was, as_of))
    return and_a_year_on(months_passed(bookings, was, as_of).unionByName(counted))
