"""Apartment attributes: one row per listing, with no timestamp at all; found by comparing key ranges."""

from pyspark.sql import DataFrame

from lakehouse.checks import between
from lakehouse.contracts import Column, Flags, Items, Money, OneOf, Snapshot, Table

CATEGORIES = OneOf(("Studio", "1BHK", "2BHK", "3BHK", "Penthouse"))
PRICE_TYPES = OneOf(("Monthly", "Yearly", "One-time"))
NO_PLACE = ("null", "NA", "N/A", "Undefined", "")

TABLE = Table(
    name="apartment_attributes",
    description="What a listing is like and where it is, as of now.",
    key=("id",),
    strategy=Snapshot(),
    columns=(
        Column("id", "BIGINT", nullable=False, meaning="Listing number, that of `apartments`"),
        Column("category", "STRING", stored="VARCHAR(20)", meaning="Size class", spelling=CATEGORIES),
        Column("body", "STRING", stored="TEXT", meaning="Description, as the host wrote it"),
        Column("amenities", "ARRAY<STRING>", stored="TEXT", meaning="What it offers", spelling=Items()),
        Column("bathrooms", "DECIMAL(3,1)", meaning="Number of bathrooms; a bath without a tub is a half"),
        Column("bedrooms", "INT", meaning="Number of bedrooms"),
        Column("fee", "DECIMAL(10,2)", meaning="Fee in the currency of the listing's price"),
        Column("has_photo", "BOOLEAN", stored="TINYINT", meaning="Shows a photo", spelling=Flags()),
        Column("pets_allowed", "BOOLEAN", stored="TINYINT", meaning="NULL: unknown", spelling=Flags()),
        Column(
            "price_display",
            "DECIMAL(12,2)",
            stored="VARCHAR(32)",
            meaning="Price as shown on the page, in the currency of the listing's price",
            spelling=Money(),
        ),
        Column("price_type", "STRING", stored="VARCHAR(20)", meaning="What the price buys", spelling=PRICE_TYPES),
        Column("square_feet", "INT", meaning="Area in square feet"),
        Column("address", "STRING", stored="VARCHAR(255)", meaning="Street address of the listing"),
        Column("cityname", "STRING", stored="VARCHAR(100)", meaning="City", nulls=NO_PLACE),
        Column("state", "STRING", stored="VARCHAR(50)", meaning="State or province", nulls=NO_PLACE),
        Column("latitude", "DECIMAL(9,6)", meaning="Degrees north"),
        Column("longitude", "DECIMAL(9,6)", meaning="Degrees east"),
    ),
    checks=(
        between("latitude", -90, 90),
        between("longitude", -180, 180),
        between("square_feet", 1, None, name="square_feet_positive"),
    ),
)


def curate(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows
