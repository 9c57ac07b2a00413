"""Average listing price per week and place."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Mart
from transforms.exact import cents, from_cents, ranked_values, ratio
from transforms.money import in_usd
from transforms.periods import is_partial, week_end, week_start
from transforms.places import PLACE, with_place, with_totals
from transforms.supply import known_days, live_days

MART = Mart(
    name="average_listing_price_weekly",
    grain=("week_start", "level", "city", "state"),
    description="Listings on offer on at least one day of the week, and their mean and median price in USD.",
)


def build(
    apartments_history: DataFrame, apartment_attributes: DataFrame, exchange_rates: DataFrame, as_of: date
) -> DataFrame:
    """The price is that of the last version valid in the week, at the rate of the week's last counted day."""
    priced = in_usd(_priced(apartments_history, as_of), exchange_rates, "price", "last_day")
    placed = with_totals(with_place(priced, apartment_attributes)).withColumn("cents", cents(F.col("usd")))
    group = ["week_start", *PLACE]
    middle = ranked_values(placed, group, "cents")
    is_new = F.col("created_on").between(F.col("week_start"), week_end(F.col("week_start")))
    counted = placed.groupBy(*group).agg(
        F.count("*").alias("listings"),
        F.sum("cents").alias("_sum"),
        F.count("cents").alias("_n"),
        F.count(F.when(is_new, 1)).alias("new_listings"),
        F.count(F.when(F.col("usd").isNull(), 1)).alias("rows_without_rate"),
        F.count(F.when(F.col("is_assumed"), 1)).alias("assumed_listings"),
    )
    same = [counted[c].eqNullSafe(middle[c]) for c in group]
    joined = counted.join(middle.select(*group, "_low", "_high"), same, "left")
    mean = from_cents(ratio(F.col("_sum"), F.col("_n"), 20, 0), 12)
    median = from_cents(ratio(F.col("_low") + F.col("_high"), F.lit(2), 20, 0), 12)
    return joined.select(
        *[counted[c] for c in [*group, "listings"]],
        mean.alias("mean_price_usd"),
        median.alias("median_price_usd"),
        "new_listings",
        "rows_without_rate",
        "assumed_listings",
        is_partial(week_end(counted["week_start"]), as_of).alias("is_partial"),
    )


def _priced(apartments_history: DataFrame, as_of: date) -> DataFrame:
    weeks = F.sequence(week_start(F.col("first")), week_start(F.col("last")), F.expr("INTERVAL 7 DAYS"))
    offered = live_days(apartments_history, as_of).select("id", F.explode(weeks).alias("week_start")).distinct()
    bounded = offered.withColumn("last_day", F.least(week_end(F.col("week_start")), F.lit(as_of)))
    versions = known_days(apartments_history, as_of)
    valid = bounded.join(versions, "id").where("first <= last_day")
    newest = F.max_by(F.struct("price", "currency", "is_assumed", "created_on"), F.struct("valid_from", "first")).alias(
        "v"
    )
    found = valid.groupBy("id", "week_start", "last_day").agg(newest)
    return found.select(F.col("id").alias("apartment_id"), "week_start", "last_day", "v.*")
