"""Apartments: one row per listing, updated in place while its price and state change."""

from pyspark.sql import DataFrame

from lakehouse.checks import between
from lakehouse.contracts import Column, Cursor, Flags, OneOf, Table

SOURCES = OneOf(("Airbnb", "Zillow", "Craigslist", "Realtor", "Apartments.com"))

TABLE = Table(
    name="apartments",
    description="A listing on the marketplace, with every version it had.",
    key=("id",),
    strategy=Cursor("last_modified_timestamp"),
    history=True,
    columns=(
        Column("id", "BIGINT", nullable=False, meaning="Listing number"),
        Column("title", "STRING", stored="VARCHAR(255)", meaning="Headline, as the host wrote it"),
        Column("source", "STRING", stored="VARCHAR(50)", meaning="Site it comes from", spelling=SOURCES),
        Column("price", "DECIMAL(10,2)", meaning="Asking price in `currency`"),
        Column("currency", "STRING", stored="CHAR(3)", meaning="Currency of the price, ISO 4217"),
        Column(
            "listing_created_on",
            "TIMESTAMP",
            stored="DATETIME",
            nullable=False,
            meaning="When the listing was made, UTC",
        ),
        Column("is_active", "BOOLEAN", stored="TINYINT", meaning="On offer", spelling=Flags()),
        Column(
            "last_modified_timestamp",
            "TIMESTAMP",
            stored="TIMESTAMP(6)",
            nullable=False,
            meaning="Last change, UTC",
        ),
    ),
    checks=(between("price", 0, None, name="price_not_negative"),),
)


def curate(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows
