"""Exchange rates: one row per currency and day that has a rate; weekends have none."""

from pyspark.sql import DataFrame

from lakehouse.checks import quarantine
from lakehouse.contracts import Column, Cursor, Table

TABLE = Table(
    name="exchange_rates",
    description="What one unit of a currency was worth in US dollars on a day.",
    key=("currency", "rate_date"),
    strategy=Cursor("updated_at"),
    columns=(
        Column("currency", "STRING", stored="CHAR(3)", nullable=False, meaning="Currency, ISO 4217"),
        Column("rate_date", "DATE", nullable=False, meaning="Day of the rate"),
        Column("usd_per_unit", "DECIMAL(18,8)", meaning="US dollars for one unit"),
        Column("updated_at", "TIMESTAMP", stored="TIMESTAMP(6)", nullable=False, meaning="Last change, UTC"),
    ),
    checks=(quarantine("rate_positive", "usd_per_unit > 0"),),
)


def curate(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows
