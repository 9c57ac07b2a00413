"""User viewing: one row per look of a user at a listing; rows are added and never change."""

from pyspark.sql import DataFrame

from lakehouse.contracts import Append, Column, Flags, OneOf, Table

CALLS = OneOf(("Contact Agent", "Book Now", "Shortlisted", "Save for Later", "Reported"))

TABLE = Table(
    name="user_viewing",
    description="A user looked at a listing, and what the user did next.",
    key=("user_id", "apartment_id", "viewed_at"),
    strategy=Append("viewed_at"),
    columns=(
        Column("user_id", "BIGINT", nullable=False, meaning="Who looked", pii="identifier"),
        Column("apartment_id", "BIGINT", nullable=False, meaning="Listing number"),
        Column("viewed_at", "TIMESTAMP", stored="TIMESTAMP(6)", nullable=False, meaning="When, UTC"),
        Column("is_wishlisted", "BOOLEAN", stored="TINYINT", meaning="Put on a wish list", spelling=Flags()),
        Column("call_to_action", "STRING", stored="VARCHAR(20)", meaning="What came next", spelling=CALLS),
    ),
)


def curate(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows
