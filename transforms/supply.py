"""Which listing was on offer on which day, and at what price, from their history (rulings 9, 12, 17).

A version counts from the day on which it began, and no more on the day on which it ended: the state of a day
is that at its end. A version of no length never counts. Before the first version the listing is assumed to
have been as that one says, from its creation on.
"""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from transforms.periods import day_of, days_in_month, months


def versions(apartments_history: DataFrame) -> DataFrame:
    """Each version in days: it `began`, `ended` (NULL: not yet) and was `followed` (NULL: by none)."""
    in_order = Window.partitionBy("id").orderBy("valid_from", "_seq")
    return apartments_history.where("valid_to IS NULL OR valid_to > valid_from").select(
        F.col("id").alias("apartment_id"),
        "is_active",
        "price",
        "currency",
        day_of(F.col("listing_created_on")).alias("created"),
        day_of(F.col("valid_from")).alias("began"),
        day_of(F.col("valid_to")).alias("ended"),
        day_of(F.lead("valid_from").over(in_order)).alias("followed"),
        (F.row_number().over(in_order) == 1).alias("is_first"),
    )


def live_spans(apartments_history: DataFrame, as_of: date) -> DataFrame:
    """The spans of days on which a listing was on offer: `first_day`, `last_day`, `is_assumed`.

    They never overlap, begin with the creation at the earliest and end with `as_of` at the latest.
    """
    known = F.struct(
        F.greatest("began", "created").alias("first_day"),
        F.date_sub("ended", 1).alias("last_day"),
        F.lit(False).alias("is_assumed"),
    )
    assumed = F.struct(
        F.when(F.col("is_first"), F.col("created")).alias("first_day"),
        F.date_sub("began", 1).alias("last_day"),
        F.lit(True).alias("is_assumed"),
    )
    active = versions(apartments_history).where("is_active")
    spans = active.select("apartment_id", F.explode(F.array(known, assumed)).alias("span"))
    last_day = F.least("span.last_day", F.lit(as_of))
    return spans.select("apartment_id", "span.first_day", last_day.alias("last_day"), "span.is_assumed").where(
        "first_day <= last_day"
    )


def price_spans(apartments_history: DataFrame) -> DataFrame:
    """The price of each listing from `price_from` on (NULL: always) up to, not including, `price_until`.

    A price holds until the next version begins, after a deletion too: it was the last one asked. Days before
    `known_from` have an assumed price.
    """
    return versions(apartments_history).select(
        "apartment_id",
        "price",
        "currency",
        "created",
        F.when(~F.col("is_first"), F.col("began")).alias("price_from"),
        F.col("followed").alias("price_until"),
        F.col("began").alias("known_from"),
    )


def nights_on_offer(live: DataFrame, only: Sequence[date] | None = None) -> DataFrame:
    """Nights on offer per listing and month, or of `only` some months, from the ends of each span.

    No day is made a row.
    """
    touched = live.withColumn("month_start", F.explode(months(F.col("first_day"), F.col("last_day"), only)))
    days = days_in_month(F.col("month_start"), F.col("first_day"), F.col("last_day"))
    return touched.groupBy("apartment_id", "month_start").agg(
        F.sum(days).alias("available_nights"),
        F.sum(F.when(F.col("is_assumed"), days)).alias("assumed_nights"),
    )


def offers(live: DataFrame) -> DataFrame:
    """The spans of `live_spans` that follow each other without a day between, joined to one."""
    in_order = Window.partitionBy("apartment_id").orderBy("first_day")
    is_start = F.coalesce(F.col("first_day") > F.date_add(F.lag("last_day").over(in_order), 1), F.lit(True))
    marked = live.withColumn("is_start", is_start)
    numbered = marked.withColumn("offer", F.sum(F.col("is_start").cast("INT")).over(in_order))
    return numbered.groupBy("apartment_id", "offer").agg(
        F.min("first_day").alias("first_day"), F.max("last_day").alias("last_day")
    )


def creations(apartments_history: DataFrame) -> DataFrame:
    """The day on which each listing was `created`, as its last version says."""
    return versions(apartments_history).where("followed IS NULL").select("apartment_id", "created")


def asked(offered: DataFrame, apartments_history: DataFrame) -> DataFrame:
    """The listings with the price that held on their `last_day`, and whether it `is_assumed`."""
    holds = "(price_from IS NULL OR price_from <= last_day) AND (price_until IS NULL OR last_day < price_until)"
    spans = price_spans(apartments_history)
    priced = offered.join(spans, [offered.apartment_id == spans.apartment_id, F.expr(holds)])
    return priced.drop(spans.apartment_id).withColumn("is_assumed", F.col("last_day") < F.col("known_from"))
