"""What listings sold, offered and received in a month, and the ratios that hoteliers read from it.

Each figure sums facts of listings: the market's and a listing's are the same code over other groups. Ratios
are of sums, never means of means (ruling 6).
"""

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts import MartColumn
from transforms.columns import amount, count, price, share, unrated
from transforms.numbers import growth, in_order, median, quotient
from transforms.periods import is_partial, month_start, within
from transforms.stays import made_until, nights_until
from transforms.supply import live_spans, nights_on_offer

FIGURES = (
    count("nights", "Nights of confirmed stays; a double-booked one counts for each stay", "nights"),
    count("available_nights", "Days of listings on offer", "nights"),
    amount("revenue_usd", "Price of the nights; NULL where none has a rate"),
    unrated("nights"),
    price("adr_usd", "Average daily rate: revenue by night, of the nights with a rate"),
    price("revpar_usd", "Revenue by available night"),
    count("stays", "Confirmed stays that begin in the month", "stays"),
    MartColumn("mean_stay_nights", "DECIMAL(9,2)", "Mean length of those stays, in all their nights", "nights"),
    MartColumn("mean_lead_days", "DECIMAL(9,2)", "Mean days from booking to check-in of those stays", "days"),
    MartColumn("median_lead_days", "DECIMAL(9,2)", "Median of those days", "days"),
    count("bookings", "Bookings made in the month, of any known status", "bookings"),
    count("confirmed_bookings", "Of those, confirmed or completed", "bookings"),
    count("canceled_bookings", "Of those, canceled since", "bookings"),
    share("cancellation_rate", "`canceled_bookings` of `bookings`"),
    MartColumn("nights_yoy", "DECIMAL(20,6)", "Change of `nights` from the same month a year before", "fraction"),
    MartColumn("revenue_yoy", "DECIMAL(20,6)", "Change of `revenue_usd` from a year before", "fraction"),
)
COUNTS = ("nights", "available_nights", "rated_nights", "bookings", "confirmed_bookings", "canceled_bookings")


def facts(
    stay_nights: DataFrame,
    bookings: DataFrame,
    apartments_history: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """What is known of each listing by month, one row per kind of fact; the columns of other kinds are NULL.

    Of `only` some months: those, and the same months of the year before.
    """
    wanted = None if only is None else sorted({*only, *(month.replace(year=month.year - 1) for month in only)})
    arriving = made_until(bookings, as_of).where(within(F.col("checkin_date"), wanted, 31))
    parts = [
        _sold(nights_until(stay_nights, as_of)),
        nights_on_offer(live_spans(apartments_history, as_of), wanted).drop("assumed_nights"),
        _arrived(arriving.where("is_confirmed AND nights > 0").where(F.col("checkin_date") <= F.lit(as_of))),
        _received(made_until(bookings, as_of, wanted, days=31).where("booking_status IS NOT NULL")),
    ]
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)
    return rows if wanted is None else rows.where(F.col("month_start").isin(wanted))


def _sold(nights: DataFrame) -> DataFrame:
    return nights.groupBy("apartment_id", "month_start").agg(
        F.count("*").alias("nights"), F.count("usd").alias("rated_nights"), F.sum("usd").alias("usd")
    )


def _arrived(stays: DataFrame) -> DataFrame:
    """A stay that was booked after its check-in has no lead time, which is not a negative one."""
    lead = F.greatest(F.date_diff("checkin_date", "booked_on"), F.lit(0))
    month = month_start(F.col("checkin_date"))
    return stays.select("apartment_id", month.alias("month_start"), F.col("nights").alias("stayed"), lead.alias("lead"))


def _received(made: DataFrame) -> DataFrame:
    return made.groupBy("apartment_id", month_start(F.col("booked_on")).alias("month_start")).agg(
        F.count("*").alias("bookings"),
        F.count_if("is_confirmed").alias("confirmed_bookings"),
        F.count_if(F.col("booking_status") == "canceled").alias("canceled_bookings"),
    )


def summed(rows: DataFrame, keys: list[str], *more: Column) -> DataFrame:
    """The sums of facts by month and these keys, from which `with_figures` makes ratios; and more aggregates."""
    counts = [F.coalesce(F.sum(name), F.lit(0)).cast("BIGINT").alias(name) for name in COUNTS]
    return rows.groupBy("month_start", *keys).agg(
        *counts,
        F.sum("usd").alias("usd"),
        F.count("stayed").alias("stays"),
        F.sum("stayed").alias("stayed"),
        in_order(F.col("lead")).alias("leads"),
        F.sum("lead").alias("lead"),
        *more,
    )


def with_figures(sums: DataFrame, keys: list[str], as_of: date) -> DataFrame:
    """The sums with all of FIGURES, and `is_partial`.

    The unfinished month is compared with no other: it counts fewer days.
    """
    usd, nights, stays = F.col("usd"), F.col("nights"), F.col("stays")
    revenue = F.when(nights == 0, F.lit(0)).otherwise(usd).cast("DECIMAL(14,2)")
    found = sums.withColumns(
        {
            "revenue_usd": revenue,
            "rows_without_rate": nights - F.col("rated_nights"),
            "adr_usd": quotient(usd, F.col("rated_nights"), 2).cast("DECIMAL(12,2)"),
            "revpar_usd": quotient(revenue, F.col("available_nights"), 2).cast("DECIMAL(12,2)"),
            "mean_stay_nights": quotient(F.col("stayed"), stays, 2).cast("DECIMAL(9,2)"),
            "mean_lead_days": quotient(F.col("lead"), stays, 2).cast("DECIMAL(9,2)"),
            "median_lead_days": median(F.col("leads"), 2).cast("DECIMAL(9,2)"),
            "cancellation_rate": quotient(F.col("canceled_bookings"), F.col("bookings"), 6).cast("DECIMAL(9,6)"),
            "is_partial": is_partial(F.last_day("month_start"), as_of),
            "month_number": F.year("month_start") * 12 + F.month("month_start"),
        }
    )
    year_before = Window.partitionBy(*keys).orderBy("month_number").rangeBetween(-12, -12)
    changes = {"nights_yoy": "nights", "revenue_yoy": "revenue_usd"}
    return found.withColumns(
        {
            name: F.when(~F.col("is_partial"), growth(F.col(of), F.first(of).over(year_before)))
            for name, of in changes.items()
        }
    )
