"""Booking funnel: how many users looked in a week, wished, got in touch and booked, per place and in total."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import IS_PARTIAL, PLACE_COLUMNS, WEEK, count, share
from transforms.numbers import quotient
from transforms.periods import is_partial, week_end, week_start, within
from transforms.places import PLACE, with_levels, with_place
from transforms.reach import of_listings, weeks_of, weeks_passed
from transforms.stays import live, made_until
from transforms.viewings import CONTACTS, LEADS_WITHIN_DAYS, led_to, viewed, viewed_until

STEPS = ("viewers", "wishers", "contacters", "bookers")

MART = Mart(
    name="booking_funnel_weekly",
    grain=("week_start", *PLACE),
    period="week_start",
    description="Users who looked at listings in a week, put one on a wish list, got in touch, and booked.",
    columns=(
        WEEK,
        *PLACE_COLUMNS,
        count("views", "Looks in the week", "views"),
        count("viewers", "Distinct users who looked", "users"),
        count("wishers", "Of those, who put a listing on a wish list in the week", "users"),
        count("contacters", "Of those, who chose to contact the agent or to book now in the week", "users"),
        count("bookers", "Distinct users with a confirmed booking in the week of a listing seen before", "users"),
        count("unseen_bookings", "Confirmed bookings in the week without such a look", "bookings"),
        share("wishlist_rate", "`wishers` of `viewers`"),
        share("contact_rate", "`contacters` of `viewers`"),
        MartColumn("booking_rate", "DECIMAL(12,6)", "`bookers` by `viewers`; may exceed 1", "share"),
        IS_PARTIAL,
    ),
    checks=(fail("steps_within_viewers", "wishers <= viewers AND contacters <= viewers"),),
)


def build(
    bookings: DataFrame,
    user_viewing: DataFrame,
    apartment_attributes: DataFrame,
    as_of: date,
    only: Sequence[date] | None = None,
) -> DataFrame:
    """One row per week with a look or a confirmed booking, place by place and in total.

    Each step counts users in the week in which they take it; a user counts once in the total and once in each
    place. A booker looked at that very listing in the thirty days before booking, to the second, perhaps in
    an earlier week: so `booking_rate` may exceed 1, and is shown.
    """
    views = viewed_until(user_viewing, as_of)
    confirmed = made_until(bookings, as_of, only, days=7).where("is_confirmed")
    if only:
        earliest = [start - timedelta(days=LEADS_WITHIN_DAYS) for start in only]
        views = views.where(within(F.col("viewed_at"), earliest, LEADS_WITHIN_DAYS + 7))
    seen = confirmed.join(views, led_to(views, confirmed), "left_semi").select("booking_id", F.lit(True).alias("seen"))
    rows = _looks(views).unionByName(_booked(confirmed.join(seen, "booking_id", "left")), allowMissingColumns=True)
    placed = with_levels(with_place(rows, apartment_attributes))
    users = placed.groupBy("week_start", *PLACE, "user_id").agg(
        F.count("viewers").alias("views"),
        F.count("unseen").alias("unseen"),
        *[F.max(F.col(step)).alias(step) for step in STEPS],
    )
    weekly = users.groupBy("week_start", *PLACE).agg(
        F.sum("views").alias("views"),
        F.sum("unseen").alias("unseen_bookings"),
        *[F.count_if(step).alias(step) for step in STEPS],
    )
    viewers = F.col("viewers")
    return weekly.withColumns(
        {
            "wishlist_rate": quotient(F.col("wishers"), viewers, 6).cast("DECIMAL(9,6)"),
            "contact_rate": quotient(F.col("contacters"), viewers, 6).cast("DECIMAL(9,6)"),
            "booking_rate": quotient(F.col("bookers"), viewers, 6).cast("DECIMAL(12,6)"),
            "is_partial": is_partial(week_end(F.col("week_start")), as_of),
        }
    ).select(*[column.name for column in MART.columns])


def _looks(views: DataFrame) -> DataFrame:
    return views.select(
        week_start(F.col("viewed_on")).alias("week_start"),
        "apartment_id",
        "user_id",
        F.lit(True).alias("viewers"),
        F.col("is_wishlisted").alias("wishers"),
        F.col("call_to_action").isin(*CONTACTS).alias("contacters"),
    )


def _booked(confirmed: DataFrame) -> DataFrame:
    return confirmed.select(
        week_start(F.col("booked_on")).alias("week_start"),
        "apartment_id",
        "user_id",
        F.col("seen").alias("bookers"),
        F.when(F.col("seen").isNull(), F.lit(True)).alias("unseen"),
    )


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The weeks in which they were made."""
    return weeks_of(live(changed).where("is_confirmed"), "booked_on")


def touched_by_user_viewing(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The weeks of the looks, and of the bookings that came of them."""
    views, confirmed = viewed(changed), live(bookings).where("is_confirmed")
    booked = confirmed.join(views, led_to(views, confirmed), "left_semi")
    return weeks_of(views, "viewed_on").unionByName(weeks_of(booked, "booked_on"))


def touched_by_apartment_attributes(changed: DataFrame, bookings: DataFrame, user_viewing: DataFrame) -> DataFrame:
    """The weeks in which the listings were looked at or booked."""
    looks, booked = of_listings(viewed(user_viewing), changed), of_listings(live(bookings), changed)
    return weeks_of(looks, "viewed_on").unionByName(weeks_of(booked.where("is_confirmed"), "booked_on"))


def touched_by_as_of(bookings: DataFrame, was: date, as_of: date) -> DataFrame:
    """The weeks between the two days."""
    return weeks_passed(bookings, was, as_of)
