"""Average listing price: what the listings on offer in a week asked, per place and in total."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart
from transforms.columns import IS_PARTIAL, PLACE_COLUMNS, WEEK, count, price, unrated
from transforms.money import with_usd, without_rate
from transforms.numbers import in_order, median, quotient
from transforms.periods import is_partial, week_end, week_start, weeks
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import differing, of_listings, weeks_passed, weeks_priced
from transforms.supply import asked, live_spans

MART = Mart(
    name="average_listing_price_weekly",
    grain=("week_start", *PLACE),
    period="week_start",
    description="Listings on offer on at least one day of the week, with the mean and median of their price.",
    columns=(
        WEEK,
        *PLACE_COLUMNS,
        count("listings", "On offer on at least one day of the week", "listings"),
        price("mean_price_usd", "Mean of their last asking price in the week"),
        price("median_price_usd", "Median of their last asking price in the week"),
        count("new_listings", "Of those, made in the week", "listings"),
        unrated("listings"),
        count("assumed_listings", "Of those, with a price known only from a later version", "listings"),
        IS_PARTIAL,
    ),
    checks=(fail("price_not_negative", "mean_price_usd >= 0 AND median_price_usd >= 0"),),
)


def build(
    apartments_history: DataFrame,
    apartment_attributes: DataFrame,
    exchange_rates: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per week with a listing on offer, place by place and in total.

    The price of a listing is that of its last version in the week, on offer at that time or not, at the rate
    of the last day counted: Sunday or `as_of`. A listing without a price or a rate is in `listings` and in
    `rows_without_rate`, and in neither mean nor median.
    """
    offered = _offered(live_spans(apartments_history, as_of), as_of, only)
    priced = with_usd(asked(offered, apartments_history), exchange_rates, "price", "last_day")
    rows = with_levels(with_place(priced, apartment_attributes))
    usd = F.col("usd")
    weekly = rows.groupBy("week_start", *PLACE).agg(
        F.count("*").alias("listings"),
        quotient(F.sum(usd), F.count(usd), 2).alias("mean_price_usd"),
        in_order(usd).alias("prices"),
        F.count_if(week_start(F.col("created")) == F.col("week_start")).alias("new_listings"),
        without_rate(usd, F.lit(True)).alias("rows_without_rate"),
        F.count_if("is_assumed").alias("assumed_listings"),
    )
    return weekly.select(
        "week_start",
        *PLACE,
        "listings",
        F.col("mean_price_usd").cast("DECIMAL(12,2)"),
        median(F.col("prices"), 2).cast("DECIMAL(12,2)").alias("median_price_usd"),
        "new_listings",
        "rows_without_rate",
        "assumed_listings",
        is_partial(week_end(F.col("week_start")), as_of).alias("is_partial"),
    )


def _offered(live: DataFrame, as_of: date, only: Sequence[date] | None = None) -> DataFrame:
    """One row per listing and week in which it was on offer, with the last day that counts."""
    touched = F.explode(weeks(F.col("first_day"), F.col("last_day"), only))
    offered = live.select("apartment_id", touched.alias("week_start")).distinct()
    return offered.withColumn("last_day", F.least(week_end(F.col("week_start")), F.lit(as_of)))


def touched_by_apartments_history(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The weeks in which a listing was on offer and is not, or at another price, or the other way round."""

    def says(history: DataFrame) -> DataFrame:
        return asked(_offered(live_spans(history, as_of), as_of), history)

    return differing(changed, apartments_history, says, "week_start")


def touched_by_apartment_attributes(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The weeks in which the listings were on offer."""
    return _offered(of_listings(live_spans(apartments_history, as_of), changed), as_of).select("week_start")


def touched_by_exchange_rates(changed: DataFrame) -> DataFrame:
    """The weeks of the days that they price."""
    return weeks_priced(changed)


def touched_by_as_of(apartments_history: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks between the two days."""
    return weeks_passed(apartments_history, was, as_of)
