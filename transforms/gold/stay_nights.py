"""Stay nights: one row per night of a confirmed stay, with its share of the price to the cent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import cents, from_cents
from transforms.money import in_usd, spread
from transforms.stays import confirmed

MART = Mart(
    name="stay_nights",
    grain=("booking_id", "night"),
    layer="curated",
    description="A night d has check-in ≤ d < check-out; the nights of a booking sum to its price exactly.",
)


def build(bookings: DataFrame, exchange_rates: DataFrame) -> DataFrame:
    """Nights of live confirmed bookings, future ones too."""
    stays = in_usd(confirmed(bookings), exchange_rates, "total_price", "booked_on")
    numbered = stays.withColumn("number", F.explode(F.sequence(F.lit(0), F.col("nights") - 1)))
    share = {
        name: from_cents(spread(cents(F.col(total)), F.col("nights"), F.col("number")), 12)
        for name, total in (("amount", "total_price"), ("usd", "usd"))
    }
    return numbered.select(
        "booking_id",
        "apartment_id",
        "user_id",
        F.date_add("checkin_date", F.col("number")).alias("night"),
        share["amount"].alias("amount"),
        "currency",
        share["usd"].alias("usd"),
    )
