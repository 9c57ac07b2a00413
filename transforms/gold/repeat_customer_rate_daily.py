"""Repeat customer rate: of the users who booked in the last thirty days, the share that did so twice."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import DAY, count, share
from transforms.numbers import quotient
from transforms.periods import days, within
from transforms.reach import before, passed
from transforms.stays import live, made_until

WINDOW_DAYS = 30

MART = Mart(
    name="repeat_customer_rate_daily",
    grain=("day",),
    period="day",
    description="Users with a confirmed booking in the thirty days up to a day, and those with at least two.",
    columns=(
        DAY,
        count("users", "With a confirmed booking in the thirty days up to this one", "users"),
        count("repeat_users", "Of those, with at least two", "users"),
        share("repeat_rate", "`repeat_users` of `users`"),
        MartColumn("is_partial", "BOOLEAN", "The window reaches back beyond the first booking"),
    ),
    checks=(fail("repeaters_are_users", "repeat_users <= users"),),
)


def build(bookings: DataFrame, as_of: date, only: Sequence[date] | None = None) -> DataFrame:
    """One row per day from the first live booking of any state to `as_of`, also where nobody booked.

    The window rolls by days, (day - 30, day], and not by rows. The first 29 days have seen less than a whole
    window and are partial.
    """
    made = made_until(bookings, as_of)
    first = made.agg(F.min("booked_on").alias("first_day")).where("first_day IS NOT NULL")
    calendar = first.select("first_day", F.explode(days(F.col("first_day"), F.lit(as_of))).alias("day"))
    if only:
        earliest = [day - timedelta(days=WINDOW_DAYS) for day in only]
        made = made.where(within(F.col("booking_date"), earliest, WINDOW_DAYS + 1))
    active = _active_days(made.where("is_confirmed AND user_id IS NOT NULL"), as_of)
    counted = active.groupBy("day").agg(
        F.count("*").alias("users"), F.count_if(F.col("day") < F.col("repeats_until")).alias("repeat_users")
    )
    daily = calendar.join(counted, "day", "left").na.fill(0, ["users", "repeat_users"])
    rate = quotient(F.col("repeat_users"), F.col("users"), 6)
    whole_from = F.date_add("first_day", WINDOW_DAYS - 1)
    return daily.select(
        "day",
        "users",
        "repeat_users",
        rate.cast("DECIMAL(9,6)").alias("repeat_rate"),
        (F.col("day") < whole_from).alias("is_partial"),
    )


def _active_days(confirmed: DataFrame, as_of: date) -> DataFrame:
    """One row per user and day with a booking in the window, with the day until which there are two.

    From one booking of a user to the next, the newest two in sight are that one and the one before it.
    """
    in_order = Window.partitionBy("user_id").orderBy("booked_on", "booking_id")
    leaves = F.date_add("booked_on", WINDOW_DAYS)
    next_day = F.lead("booked_on").over(in_order)
    spans = confirmed.select(
        "booked_on",
        F.date_sub(F.least(leaves, next_day), 1).alias("last_day"),
        F.lag(leaves).over(in_order).alias("repeats_until"),
    )
    seen = spans.withColumn("last_day", F.least("last_day", F.lit(as_of))).where("booked_on <= last_day")
    return seen.select("repeats_until", F.explode(days(F.col("booked_on"), F.col("last_day"))).alias("day"))


def touched_by_bookings(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The thirty days from each booking on; where the first booking moved, also what lies between, and is partial."""
    reached = live(changed).select(_from(F.col("booked_on"), F.col("booked_on")))
    first, is_kept = F.min("booked_on"), F.col("has_changed").isNull()
    keys = changed.select("booking_id").distinct().withColumn("has_changed", F.lit(True))
    firsts = live(bookings).join(F.broadcast(keys), "booking_id", "left")
    now = firsts.agg(first.alias("new"), F.min(F.when(is_kept, F.col("booked_on"))).alias("kept"))
    gone = live(before(changed, bookings.where(F.lit(False)), "booking_id")).agg(first.alias("gone"))
    moved = now.join(gone).withColumn("old", F.least("kept", "gone")).where("NOT old <=> new")
    both = [F.coalesce("old", "new"), F.coalesce("new", "old")]
    return reached.unionByName(moved.select(_from(F.least(*both), F.greatest(*both))))


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The days between the two."""
    return passed(bookings, was, as_of)


def _from(first_day: Column, last_day: Column) -> Column:
    return F.explode(days(first_day, F.date_add(last_day, WINDOW_DAYS - 1))).alias("day")
