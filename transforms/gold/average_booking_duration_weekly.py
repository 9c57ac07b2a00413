"""Average booking duration per check-in week and place."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import ranked_values, ratio
from transforms.periods import is_partial, week_end, week_start
from transforms.places import PLACE, with_place, with_totals
from transforms.stays import booked

MART = Mart(
    name="average_booking_duration_weekly",
    grain=("week_start", "level", "city", "state"),
    description="Confirmed stays by week of check-in: count, mean, median and 90th percentile of nights.",
)


def build(bookings: DataFrame, apartment_attributes: DataFrame, as_of: date) -> DataFrame:
    """Check-ins up to `as_of`; the 90th percentile by nearest rank (ruling 19)."""
    arrived = booked(bookings, as_of).where("is_confirmed").where(F.col("checkin_date") <= F.lit(as_of))
    placed = with_totals(with_place(arrived, apartment_attributes))
    group = ["week_start", *PLACE]
    stays = placed.withColumn("week_start", week_start(F.col("checkin_date")))
    middle = ranked_values(stays, group, "nights")
    counted = stays.groupBy(*group).agg(F.count("*").alias("stays"), F.sum("nights").alias("_sum"))
    joined = counted.join(middle, [counted[c].eqNullSafe(middle[c]) for c in group])
    return joined.select(
        *[counted[c] for c in [*group, "stays"]],
        ratio(F.col("_sum"), F.col("stays"), 9, 2).alias("mean_nights"),
        ratio(F.col("_low") + F.col("_high"), F.lit(2), 9, 2).alias("median_nights"),
        F.col("_p90").cast("int").alias("p90_nights"),
        is_partial(week_end(counted["week_start"]), as_of).alias("is_partial"),
    )
