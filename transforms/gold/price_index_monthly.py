"""Price index: how the asking prices of the same listings moved from month to month, chained from 100."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, MONTH, PLACE_COLUMNS, count, unrated
from transforms.money import with_usd, without_rate
from transforms.periods import is_partial, month_start, months
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import differing, months_passed, of_listings, rate_days
from transforms.supply import asked, live_spans

BASE = 100
LOG, FINE = "DECIMAL(18,15)", 9

MART = Mart(
    name="price_index_monthly",
    grain=("month_start", *PLACE),
    period="month_start",
    description="A chained index of asking prices: the geometric mean of the changes of matched listings, base 100.",
    columns=(
        MONTH,
        *PLACE_COLUMNS,
        count("listings", "On offer on at least one day of the month", "listings"),
        count("matched_listings", "Of those, with a price this month and the month before", "listings"),
        MartColumn("price_ratio", "DECIMAL(20,6)", "Geometric mean of their price by that before", "ratio"),
        MartColumn("price_index", "DECIMAL(20,4)", "100 in the first month, times all ratios since", "index"),
        unrated("listings"),
        IS_PARTIAL,
    ),
    checks=(fail("index_positive", "price_index > 0"), fail("matched_within_listings", "matched_listings <= listings")),
)


def build(
    apartments_history: DataFrame, apartment_attributes: DataFrame, exchange_rates: DataFrame, as_of: date
) -> DataFrame:
    """One row per month with a listing on offer, place by place and in total.

    The price of a listing is that of its last version in the month, at the rate of the last day counted. It
    is matched if it was on offer in the month before too and has a price above zero in both; so the index
    moves with exchange rates, and not with listings that come and go. A month in which nothing is matched has
    no ratio and leaves the index where it was.

    The logarithms are the only floats. Each is rounded to 15 digits before it is summed, so that the order
    does not matter; what is made of the sums is rounded half-up to 9 digits and then to its scale, so that a
    tie is one. Java's StrictMath gives the same bits everywhere.
    """
    rows = with_levels(with_place(_moves(apartments_history, exchange_rates, as_of), apartment_attributes))
    log = F.col("log")
    monthly = rows.groupBy("month_start", *PLACE).agg(
        F.count("*").alias("listings"),
        F.count(log).alias("matched_listings"),
        (F.sum(log) / F.nullif(F.count(log).cast("DECIMAL(9,0)"), F.lit(0))).cast("DECIMAL(20,15)").alias("change"),
        without_rate(F.col("usd"), F.lit(True)).alias("rows_without_rate"),
    )
    chained = F.sum("change").over(Window.partitionBy(*PLACE).orderBy("month_start"))
    return monthly.select(
        "month_start",
        *PLACE,
        "listings",
        "matched_listings",
        _raised(F.lit(1), F.col("change"), 6).alias("price_ratio"),
        _raised(F.lit(BASE), F.coalesce(chained, F.lit(0)), 4).alias("price_index"),
        "rows_without_rate",
        is_partial(F.last_day("month_start"), as_of).alias("is_partial"),
    )


def _moves(apartments_history: DataFrame, exchange_rates: DataFrame, as_of: date) -> DataFrame:
    """One row per listing and month on offer, with its price and the logarithm of its change; NULL: unmatched."""
    offered = _offered(live_spans(apartments_history, as_of), as_of)
    priced = with_usd(asked(offered, apartments_history), exchange_rates, "price", "last_day")
    in_order = Window.partitionBy("apartment_id").orderBy("month_start")
    usd, before = F.col("usd"), F.lag("usd").over(in_order)
    follows = F.add_months(F.lag("month_start").over(in_order), 1) == F.col("month_start")
    ratio = usd.cast("DOUBLE") / before.cast("DOUBLE")
    log = F.when(follows & (usd > 0) & (before > 0), F.log(ratio).cast(LOG))
    return priced.select("apartment_id", "month_start", "usd", log.alias("log"))


def _offered(live: DataFrame, as_of: date) -> DataFrame:
    """One row per listing and month in which it was on offer, with the last day that counts."""
    touched = F.explode(months(F.col("first_day"), F.col("last_day"))).alias("month_start")
    offered = live.select("apartment_id", touched).distinct()
    return offered.withColumn("last_day", F.least(F.last_day("month_start"), F.lit(as_of)))


def _raised(base: Column, log: Column, scale: int) -> Column:
    exact = (base * F.exp(log.cast("DOUBLE"))).cast(f"DECIMAL(26,{FINE})")
    return F.round(exact, scale).cast(f"DECIMAL(20,{scale})")


def touched_by_apartments_history(
    changed: DataFrame, apartments_history: DataFrame, was: date, as_of: date
) -> DataFrame:
    """From the first month on in which a listing was on offer and is not, or at another price, or the other way."""

    def says(history: DataFrame) -> DataFrame:
        return asked(_offered(live_spans(history, as_of), as_of), history)

    return _from_the_first(differing(changed, apartments_history, says, "month_start"), was, as_of)


def touched_by_apartment_attributes(
    changed: DataFrame, apartments_history: DataFrame, was: date, as_of: date
) -> DataFrame:
    """From the first month on in which one of the listings was on offer."""
    return _from_the_first(_offered(of_listings(live_spans(apartments_history, as_of), changed), as_of), was, as_of)


def touched_by_exchange_rates(changed: DataFrame, was: date, as_of: date) -> DataFrame:
    """From the first month on whose last day that counts they price."""
    day = F.col("day")
    priced = rate_days(changed).where((day == F.last_day(day)) | (day == F.lit(as_of)))
    return _from_the_first(priced.select(month_start(day).alias("month_start")), was, as_of)


def touched_by_as_of(apartments_history: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months between the two days."""
    return months_passed(apartments_history, was, as_of)


def _from_the_first(touched: DataFrame, was: date, as_of: date) -> DataFrame:
    """All months from the first of these on: each index is made of all before it."""
    last = F.lit(max(was, as_of))
    first = touched.agg(F.min("month_start").alias("first")).where(F.col("first") <= last)
    return first.select(F.explode(months(F.col("first"), last)).alias("month_start"))
