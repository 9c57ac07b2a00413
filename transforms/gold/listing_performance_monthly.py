"""Listing performance: what each listing sold in a month, how often it was seen, and its rank in its place."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, LISTING, MONTH, PLACE_COLUMNS, count, share
from transforms.numbers import quotient
from transforms.performance import FIGURES, facts, summed, with_figures
from transforms.periods import month_start, within
from transforms.places import with_place
from transforms.ranking import rank
from transforms.reach import and_a_year_on, booked_between, differing, months_counted, months_passed, of_listings
from transforms.stays import live, made_until
from transforms.supply import live_spans, nights_on_offer
from transforms.viewings import LEADS_WITHIN_DAYS, led_to, viewed, viewed_until

LOOKS = ("views", "viewers", "wishlists", "bookers")

MART = Mart(
    name="listing_performance_monthly",
    grain=("month_start", "apartment_id"),
    period="month_start",
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
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per month and listing on offer, sold, booked or looked at; the figures are those of the market.

    A viewer converts in the month of the look, by a confirmed booking of the listing at most thirty days
    later; so the conversion of the last two months still grows. Rank is by revenue, unknown last, then
    confirmed bookings made in the month, then number. Bookings without a listing have a row of their own.
    """
    views = _looks(viewed_until(user_viewing, as_of), made_until(bookings, as_of).where("is_confirmed"), only)
    sold = facts(stay_nights, bookings, apartments_history, as_of, only)
    rows = sold.unionByName(views, allowMissingColumns=True)
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


def _looks(views: DataFrame, confirmed: DataFrame, only: Sequence[date] | None) -> DataFrame:
    if only:
        views = views.where(within(F.col("viewed_at"), only, 31) & month_start(F.col("viewed_on")).isin([*only]))
        confirmed = confirmed.where(within(F.col("booking_date"), only, 31 + LEADS_WITHIN_DAYS + 1))
    converted = views.join(confirmed, led_to(views, confirmed), "left_semi")
    month = month_start(F.col("viewed_on")).alias("month_start")
    seen = views.groupBy("apartment_id", month).agg(
        F.count("*").alias("views"),
        F.count_distinct("user_id").alias("viewers"),
        F.count_if("is_wishlisted").alias("wishlists"),
    )
    booked = converted.groupBy("apartment_id", month).agg(F.count_distinct("user_id").alias("bookers"))
    return seen.unionByName(booked, allowMissingColumns=True)


def touched_by_stay_nights(changed: DataFrame) -> DataFrame:
    """The months of the nights, and those a year later."""
    return and_a_year_on(changed.select("month_start"))


def touched_by_bookings(changed: DataFrame, user_viewing: DataFrame) -> DataFrame:
    """The months in which they count, those a year later, and those of the looks that led to them."""
    return _months_booked(live(changed), user_viewing)


def touched_by_apartments_history(changed: DataFrame, apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The months in which a listing was on offer on more days or fewer, and those a year later."""

    def says(history: DataFrame) -> DataFrame:
        return nights_on_offer(live_spans(history, as_of)).drop("assumed_nights")

    return and_a_year_on(differing(changed, apartments_history, says, "month_start"))


def touched_by_apartment_attributes(
    changed: DataFrame, bookings: DataFrame, apartments_history: DataFrame, user_viewing: DataFrame, as_of: date
) -> DataFrame:
    """The months in which the listings were on offer or looked at, or their bookings count."""
    offered = nights_on_offer(of_listings(live_spans(apartments_history, as_of), changed)).select("month_start")
    looked_at = _months_seen(of_listings(viewed(user_viewing), changed))
    return offered.unionByName(looked_at).unionByName(months_counted(of_listings(live(bookings), changed)))


def touched_by_user_viewing(changed: DataFrame) -> DataFrame:
    """The months of the looks."""
    return _months_seen(viewed(changed))


def touched_by_as_of(bookings: DataFrame, user_viewing: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days, and those that bookings made between them touch; also those a year later."""
    months = and_a_year_on(months_passed(bookings, was, as_of))
    return months.unionByName(_months_booked(booked_between(bookings, was, as_of), user_viewing))


def _months_booked(bookings: DataFrame, user_viewing: DataFrame) -> DataFrame:
    views, confirmed = viewed(user_viewing), bookings.where("is_confirmed")
    led = views.join(confirmed, led_to(views, confirmed), "left_semi")
    return and_a_year_on(months_counted(bookings)).unionByName(_months_seen(led))


def _months_seen(views: DataFrame) -> DataFrame:
    return views.select(month_start(F.col("viewed_on")).alias("month_start"))
