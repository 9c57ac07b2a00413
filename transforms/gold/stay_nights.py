"""Stay nights: one row per night of a confirmed stay, with its share of the price."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import LISTING, MONTH
from transforms.money import share, with_usd
from transforms.periods import days, month_start, months
from transforms.reach import night_months, priced_by
from transforms.stays import live

MART = Mart(
    name="stay_nights",
    grain=("booking_id", "night"),
    period="month_start",
    description="A night of a confirmed stay: the days from check-in up to, not including, check-out; "
    "the amounts of a booking's nights sum to its price exactly.",
    layer="curated",
    columns=(
        MartColumn("booking_id", "BIGINT", "Reservation number"),
        LISTING,
        MartColumn("user_id", "BIGINT", "Guest who booked"),
        MartColumn("booked_on", "DATE", "Day on which the booking was made, UTC"),
        MartColumn("night", "DATE", "Day on which the night begins"),
        MartColumn("amount", "DECIMAL(12,2)", "Share of the price", "`currency`"),
        MartColumn("currency", "STRING", "Currency of the price, ISO 4217"),
        MartColumn("usd", "DECIMAL(12,2)", "Share of the price; NULL without a rate", "USD"),
        MONTH,
    ),
    checks=(fail("amount_not_negative", "amount >= 0"),),
)


def build(bookings: DataFrame, exchange_rates: DataFrame, only: Sequence[date] | None = None) -> DataFrame:
    """All nights of live confirmed bookings, of the future too.

    The price is converted once, at the rate of the day of booking; then both amounts are spread evenly in
    whole cents and the last night takes the remainder. `usd` is NULL without a rate.
    """
    stays = live(bookings).where("is_confirmed AND nights > 0")
    last_night = F.date_sub("checkout_date", 1)
    if only is not None:
        stays = stays.where(F.size(months(F.col("checkin_date"), last_night, only)) > 0)
    if only:
        until, since = F.last_day(F.lit(max(only))), F.lit(min(only))
        stays = stays.where((F.col("checkin_date") <= until) & (F.col("checkout_date") > since))
    nights = with_usd(stays, exchange_rates, "total_price", "booked_on").withColumn(
        "night", F.explode(days(F.col("checkin_date"), last_night))
    )
    parts, is_last = F.col("nights"), F.col("night") == last_night
    return nights.select(
        "booking_id",
        "apartment_id",
        "user_id",
        "booked_on",
        "night",
        share(F.col("total_price"), parts, is_last).alias("amount"),
        "currency",
        share(F.col("usd"), parts, is_last).alias("usd"),
        month_start(F.col("night")).alias("month_start"),
    )


def touched_by_bookings(changed: DataFrame) -> DataFrame:
    """The months of their nights."""
    return night_months(live(changed).where("is_confirmed"))


def touched_by_exchange_rates(changed: DataFrame, bookings: DataFrame) -> DataFrame:
    """The months of the nights whose price they convert."""
    return night_months(priced_by(bookings, changed))
