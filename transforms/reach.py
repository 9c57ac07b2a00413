"""Which periods a change reaches: what the `touched_by_` functions of the marts are made of.

`changed` are the rows of an input before and after they changed, with `_change_type` as the change feed names it.
"""

from collections.abc import Callable
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from transforms.money import RATE_HOLDS_DAYS
from transforms.periods import day_of, days, month_start, months, week_start
from transforms.stays import live

GONE = ("delete", "update_preimage")


def passed(any_frame: DataFrame, was: date, as_of: date) -> DataFrame:
    """The days from one as-of day to another, both included, as `day`."""
    first, last = sorted((was, as_of))
    return any_frame.sparkSession.range(1).select(F.explode(days(F.lit(first), F.lit(last))).alias("day"))


def rate_days(changed: DataFrame) -> DataFrame:
    """The days that changed rates price, by `currency` and `day`."""
    last_day = F.date_add("rate_date", RATE_HOLDS_DAYS)
    return changed.select("currency", F.explode(days(F.col("rate_date"), last_day)).alias("day")).distinct()


def booked_between(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The live bookings that were made between two as-of days, and so count at the one and not at the other."""
    return made_between(live(bookings), was, as_of)


def made_between(rows: DataFrame, was: date, as_of: date) -> DataFrame:
    """The rows that were `booked_on` a day from one as-of day to another, both included."""
    first, last = sorted((was, as_of))
    return rows.where(F.col("booked_on").between(F.lit(first), F.lit(last)))


def priced_by(bookings: DataFrame, changed: DataFrame) -> DataFrame:
    """The live bookings whose price a changed rate may convert."""
    priced = rate_days(changed).withColumnRenamed("day", "booked_on")
    return live(bookings).join(F.broadcast(priced), ["currency", "booked_on"], "left_semi")


def of_listings(rows: DataFrame, changed: DataFrame) -> DataFrame:
    """The rows with the `apartment_id` of a listing that changed."""
    listings = changed.select(F.col("id").alias("apartment_id")).distinct()
    return rows.join(F.broadcast(listings), "apartment_id", "left_semi")


def night_months(stays: DataFrame) -> DataFrame:
    """The months of the nights of stays, as `month_start`."""
    slept = stays.where("checkout_date > checkin_date")
    return slept.select(F.explode(months(F.col("checkin_date"), F.date_sub("checkout_date", 1))).alias("month_start"))


def before(changed: DataFrame, current: DataFrame, *key: str) -> DataFrame:
    """The rows of `current` as they were before the first of the changes."""
    in_order = Window.partitionBy(*key).orderBy("_commit_version", F.col("_change_type").isin(*GONE).desc())
    first = changed.withColumn("_nth", F.row_number().over(in_order)).where("_nth = 1")
    kept = current.join(first.select(*key), list(key), "left_anti")
    return kept.unionByName(first.where(F.col("_change_type").isin(*GONE)).select(*kept.columns))


def differing(changed: DataFrame, history: DataFrame, says: Callable[[DataFrame], DataFrame], period: str) -> DataFrame:
    """The periods in which what a history of listings says was another before the change."""
    now = history.join(F.broadcast(changed.select("id").distinct()), "id", "left_semi")
    new, old = says(now), says(before(changed, now, "id", "_seq"))
    both = new.withColumn("_more", F.lit(1)).unionByName(old.withColumn("_more", F.lit(-1)))
    return both.groupBy(*new.columns).agg(F.sum("_more").alias("_more")).where("_more <> 0").select(period)


def weeks_of(rows: DataFrame, day: str) -> DataFrame:
    """The weeks of a column of days, as `week_start`."""
    return rows.select(week_start(F.col(day)).alias("week_start"))


def weeks_passed(any_frame: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks from one as-of day to another, both included, as `week_start`."""
    return weeks_of(passed(any_frame, was, as_of), "day")


def weeks_booked(bookings: DataFrame) -> DataFrame:
    """The weeks in which live bookings were made, as `week_start`."""
    return weeks_of(bookings, "booked_on")


def weeks_priced(changed: DataFrame) -> DataFrame:
    """The weeks of the days that changed rates price, as `week_start`."""
    return weeks_of(rate_days(changed), "day")


def months_passed(any_frame: DataFrame, was: date, as_of: date) -> DataFrame:
    """The months from one as-of day to another, both included, as `month_start`."""
    return passed(any_frame, was, as_of).select(month_start(F.col("day")).alias("month_start"))


def months_counted(bookings: DataFrame) -> DataFrame:
    """The months, as `month_start`, in which live bookings count: in which they were made, arrive and stay."""
    made = bookings.select(month_start(F.col("booked_on")).alias("month_start"))
    return made.unionByName(night_months(bookings.where("is_confirmed")))


def and_a_year_on(months_touched: DataFrame) -> DataFrame:
    """The months and the same ones of the next year, which are compared with them."""
    both = F.array("month_start", F.add_months("month_start", 12))
    return months_touched.select(F.explode(both).alias("month_start"))


def days_canceled(bookings: DataFrame, bookings_history: DataFrame) -> DataFrame:
    """The days, as `canceled_on`, of all versions of these bookings that are canceled: the first is among them."""
    canceled = bookings_history.where("booking_status = 'canceled'")
    found = canceled.join(bookings.select("booking_id").distinct(), "booking_id", "left_semi")
    return found.select(day_of(F.col("valid_from")).alias("canceled_on"))
