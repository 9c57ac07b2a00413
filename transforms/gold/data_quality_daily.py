"""Data quality: how each rule of each table fared in each run."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import fail
from lakehouse.contracts import Mart, MartColumn
from transforms.columns import DAY, count, share
from transforms.numbers import quotient
from transforms.periods import day_of

MART = Mart(
    name="data_quality_daily",
    grain=("run_id", "table_name", "check_name"),
    description="Rows that each rule looked at in a run, those that passed, and those that went to quarantine.",
    columns=(
        DAY,
        MartColumn("run_id", "STRING", "The run that judged the rows"),
        MartColumn("table_name", "STRING", "The table they are of"),
        MartColumn("check_name", "STRING", "The rule"),
        MartColumn("severity", "STRING", "What a breach does: warn, quarantine or fail"),
        count("rows", "Rows that the rule looked at", "rows"),
        count("passed", "Rows that passed", "rows"),
        count("quarantined", "Rows that went to quarantine for it", "rows"),
        share("pass_rate", "`passed` of `rows`"),
        share("threshold", "The least share that is passed over in silence"),
        MartColumn("status", "STRING", "How the rule fared"),
    ),
    checks=(fail("parts_within_whole", "passed >= 0 AND passed <= rows AND quarantined <= rows - passed"),),
)


def build(quality_checks: DataFrame) -> DataFrame:
    """One row per run that judged rows of a table, and rule of that table.

    A row that breaks several rules of severity `quarantine` counts for the first of them. `pass_rate` is the share of
    the rows that passed; `threshold` is the least share for which nothing is said. Of a rule about the whole table
    that is no count of rows (fresh, volume) one row fails. Where a run judged a table twice, since a step was tried
    again, the rows of both count, and the status is that of the worse.
    """
    rows, broken, of_rule = F.col("rows"), F.col("broken"), ["run_id", "table", "check", "severity"]
    judged = quality_checks.groupBy(day_of(F.col("run_at")).alias("day"), *of_rule).agg(
        F.sum("rows").alias("rows"),
        F.sum("broken").alias("broken"),
        F.sum(F.when(F.col("status") == "quarantined", broken).otherwise(0)).alias("quarantined"),
        F.max("tolerated").alias("tolerated"),
        F.max_by("status", F.struct("broken", "status")).alias("status"),
    )
    return judged.select(
        "day",
        "run_id",
        F.col("table").alias("table_name"),
        F.col("check").alias("check_name"),
        "severity",
        "rows",
        (rows - F.least(broken, rows)).alias("passed"),
        "quarantined",
        quotient(rows - F.least(broken, rows), rows, 6).cast("DECIMAL(9,6)").alias("pass_rate"),
        (1 - F.col("tolerated").cast("DECIMAL(9,6)")).cast("DECIMAL(9,6)").alias("threshold"),
        "status",
    )
