"""Listing performance: what each listing sold in a month, how often it was seen, and its rank in its place."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, LISTING, MONTH, PLACE_COLUMNS, count, share
from transforms.numbers import quotient
from transforms.performance import FIGURES, facts, summed, with_figures
from transforms.periods import month_start
from transforms.places import with_place
from transforms.ranking import rank
from transforms.stays import made_until
from transforms.viewings import led_to, viewed_until

LOOKS = ("views", "viewers", "wishlists", "bookers")

MART = Mart(
    name="listing_performance_monthly",
    grain=("month_start", "apartment_id"),
    description="What a listing sold in a month, how many who saw it booked it, and its rank by revenue in its place.",
    columns=(
        MONTH,
        LISTING,
        *PLACE_COLUMNS[1:],
        *FIGURES,
        count("views", "Looks at the listing", "views"),
        count("viewers", "Distinct users who looked", "users"),
        count("wishlists", "Looks that put it on a wish list", "views"),
        count("bookers", "Of the viewers, those who booked it within thirty days of a look", "users"),
        share("conversion", "`bookers` of `viewers`"),
        MartColumn("rank", "INT", "By revenue in its city and state of the month; 1 is the highest"),
        IS_PARTIAL,
    ),
    checks=(fail("bookers_within_viewers", "bookers <= viewers"),),
)


def build(
    stay_nights: DataFrame,
    bookings: DataFrame,
    apartments_history: DataFrame,
    apartment_attributes: DataFrame,
    user_viewing: DataFrame,
    as_of: date,
) -> DataFrame:
    """One row per month and listing on offer, sold, booked or looked at; the figures are those of the market.

    A viewer converts in the month of the look, by a confirmed booking of the listing at most thirty days
    later; so the conversion of the last two months still grows. Rank is by revenue, unknown last, then
    confirmed bookings made in the month, then number. Bookings without a listing have a row of their own.
    """
    views = _looks(user_viewing, made_until(bookings, as_of).where("is_confirmed"), as_of)
    rows = facts(stay_nights, bookings, apartments_history, as_of).unionByName(views, allowMissingColumns=True)
    looks = [F.coalesce(F.sum(name), F.lit(0)).cast("BIGINT").alias(name) for name in LOOKS]
    figures = with_figures(summed(rows, ["apartment_id"], *looks), ["apartment_id"], as_of)
    order = (
        F.desc_nulls_last("revenue_usd"),
        F.desc("confirmed_bookings"),
        F.asc_nulls_last("apartment_id"),
    )
    return (
        with_place(figures, apartment_attributes)
        .withColumn("conversion", quotient(F.col("bookers"), F.col("viewers"), 6).cast("DECIMAL(9,6)"))
        .withColumn("rank", rank(["month_start", "city", "state"], *order))
        .select(*[column.name for column in MART.columns])
    )


def _looks(user_viewing: DataFrame, confirmed: DataFrame, as_of: date) -> DataFrame:
    views = viewed_until(user_viewing, as_of)
    converted = views.join(confirmed, led_to(views, confirmed), "left_semi")
    month = month_start(F.col("viewed_on")).alias("month_start")
    seen = views.groupBy("apartment_id", month).agg(
        F.count("*").alias("views"),
        F.count_distinct("user_id").alias("viewers"),
        F.count_if("is_wishlisted").alias("wishlists"),
    )
    booked = converted.groupBy("apartment_id", month).agg(F.count_distinct("user_id").alias("bookers"))
    return seen.unionByName(booked, allowMissingColumns=True)
