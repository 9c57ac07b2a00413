"""History: every clean version of each key with the time in which it held (SCD type 2)."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import bronze, curation
from lakehouse.contracts import Curation


def rows(versions: DataFrame, latest: DataFrame, spec: Curation) -> DataFrame:
    """The clean versions of all keys whose latest version is clean, each from its stamp to that of the next.

    A version that was rejected is as if it had never been; a deletion ends the version before it.
    """
    table = spec.table
    clean_keys = latest.where("_rule IS NULL").select(*table.key)
    stamp = F.col(table.cursor.column) if table.cursor else F.col("_read_at")
    judged = curation.judged(versions, spec).where("_rule IS NULL").join(clean_keys, list(table.key), "left_semi")
    in_order = Window.partitionBy(*table.key).orderBy("_seq")
    begun = judged.withColumn(
        "_from",
        F.max(F.when(F.col("_op") == bronze.DELETE, F.col("_read_at")).otherwise(stamp)).over(in_order),
    )
    closed = begun.withColumn("valid_to", F.lead("_from").over(in_order))
    names = [c for c in judged.columns if not c.startswith("_")]
    kept = closed.where(F.col("_op") == bronze.UPSERT)
    return kept.select(
        *names,
        F.col("_from").alias("valid_from"),
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
        "_seq",
        F.lit(False).alias("_gone"),
    )


def changes(made: DataFrame, latest: DataFrame, there: DataFrame, key: tuple[str, ...]) -> DataFrame:
    """These rows, and those that the table has of keys whose latest version is rejected, marked `_gone`.

    Nothing else leaves history: by the same rules a version that was clean is so forever.
    """
    rejected = latest.where("_rule IS NOT NULL").select(*key)
    gone = there.select(*key, "_seq").join(rejected, list(key), "left_semi").withColumn("_gone", F.lit(True))
    return made.unionByName(gone, allowMissingColumns=True)
