"""Market performance: nights, prices, stays and cancellations of a month, per place and in total."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count
from transforms.performance import FIGURES, facts, summed, with_figures
from transforms.places import PLACE, with_levels, with_place

MART = Mart(
    name="market_performance_monthly",
    grain=("month_start", *PLACE),
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
) -> DataFrame:
    """One row per month with a night sold or on offer or a booking made, place by place and in total.

    Nights and revenue count in the month of the night, stays and lead times in that of the check-in,
    bookings and cancellations in that of the booking: the rate is that of a cohort, and grows while the cohort
    is young. All count what was up to `as_of`, of bookings made up to `as_of`. A year before without a row,
    nights or revenue has no change; nor has the unfinished month.
    """
    rows = with_levels(with_place(facts(stay_nights, bookings, apartments_history, as_of), apartment_attributes))
    sums = summed(rows, list(PLACE), F.count("available_nights").alias("live_listings"))
    return with_figures(sums, list(PLACE), as_of).select(*[column.name for column in MART.columns])
