"""Guest cohorts: of the guests who first booked in a month, how many came back, and what they spent."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, MONTH, amount, count, share, unrated
from transforms.money import with_usd
from transforms.numbers import quotient
from transforms.periods import is_partial, month_start, months
from transforms.reach import before, priced_by
from transforms.stays import live, made_until

MART = Mart(
    name="guest_cohorts_monthly",
    grain=("cohort_month", "months_since"),
    period="cohort_month",
    description="Guests by the month of their first confirmed booking, and how many booked again in each later month.",
    columns=(
        MartColumn("cohort_month", "DATE", "First day of the month of the guests' first confirmed booking"),
        MartColumn("months_since", "INT", "Months from that month to this one", "months"),
        MONTH,
        count("size", "Guests of the cohort", "guests"),
        count("retained", "Of those, with a confirmed booking in this month", "guests"),
        share("retention", "`retained` of `size`"),
        amount("spend_usd", "Confirmed bookings made in this month; NULL where none has a rate"),
        amount("cumulative_spend_usd", "Confirmed bookings made up to the end of this month"),
        unrated("bookings"),
        IS_PARTIAL,
    ),
    checks=(fail("retained_within_size", "retained <= size"),),
)


def build(bookings: DataFrame, exchange_rates: DataFrame, as_of: date, only: Sequence[date] | None = None) -> DataFrame:
    """One row per cohort and month from its first to that of `as_of`, also where nobody of it booked.

    A guest belongs to the month of the first confirmed booking, by booking date; month 0 retains all.
    `spend_usd` is that of the month: 0 without a booking, NULL where no booking has a rate. The cumulative
    spend and `rows_without_rate` count all bookings of the cohort so far.
    """
    made = made_until(bookings, as_of).where("is_confirmed AND user_id IS NOT NULL")
    guests = made.groupBy("user_id").agg(month_start(F.min("booked_on")).alias("cohort_month"))
    if only is not None:
        guests = guests.where(F.col("cohort_month").isin([*only]))
    rows = with_usd(made.join(guests, "user_id"), exchange_rates, "total_price", "booked_on")
    by_month = rows.groupBy("cohort_month", month_start(F.col("booked_on")).alias("month_start")).agg(
        F.count_distinct("user_id").alias("retained"),
        F.count("*").alias("bookings"),
        F.count("usd").alias("rated"),
        F.sum("usd").alias("usd"),
    )
    calendar = by_month.where("cohort_month = month_start").select(
        "cohort_month",
        F.col("retained").alias("size"),
        F.explode(months(F.col("cohort_month"), F.lit(as_of))).alias("month_start"),
    )
    filled = calendar.join(by_month, ["cohort_month", "month_start"], "left")
    counts = {name: F.coalesce(name, F.lit(0)) for name in ("retained", "bookings", "rated", "usd")}
    return _figures(filled.withColumns(counts), as_of)


def _figures(rows: DataFrame, as_of: date) -> DataFrame:
    so_far = Window.partitionBy("cohort_month").orderBy("month_start")
    all_rated, all_bookings = F.sum("rated").over(so_far), F.sum("bookings").over(so_far)
    is_known = (F.col("rated") > 0) | (F.col("bookings") == 0)
    return rows.select(
        "cohort_month",
        F.months_between("month_start", "cohort_month").cast("INT").alias("months_since"),
        "month_start",
        "size",
        "retained",
        quotient(F.col("retained"), F.col("size"), 6).cast("DECIMAL(9,6)").alias("retention"),
        F.when(is_known, F.col("usd")).cast("DECIMAL(14,2)").alias("spend_usd"),
        F.when(all_rated > 0, F.sum("usd").over(so_far)).cast("DECIMAL(14,2)").alias("cumulative_spend_usd"),
        (all_bookings - all_rated).alias("rows_without_rate"),
        is_partial(F.last_day("month_start"), as_of).alias("is_partial"),
    )


def touched_by_bookings(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The cohorts to which their guests belonged and belong."""
    now = bookings.join(changed.select("user_id").distinct(), "user_id", "left_semi")
    return _cohorts(now).unionByName(_cohorts(before(changed, now, "booking_id")))


def touched_by_exchange_rates(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The cohorts of the guests whose bookings they price."""
    guests = priced_by(bookings, changed).select("user_id").distinct()
    return _cohorts(bookings.join(guests, "user_id", "left_semi"))


def _cohorts(bookings: DataFrame) -> DataFrame:
    first = live(bookings).where("is_confirmed").groupBy("user_id").agg(F.min("booked_on").alias("first"))
    return first.select(month_start(F.col("first")).alias("cohort_month"))
