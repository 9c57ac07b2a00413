"""The columns that many marts share, declared once."""

from lakehouse.contracts import MartColumn

WEEK = MartColumn("week_start", "DATE", "Monday of the ISO week, UTC")
MONTH = MartColumn("month_start", "DATE", "First day of the month, UTC")
DAY = MartColumn("day", "DATE", "Day, UTC")
PLACE_COLUMNS = (
    MartColumn("level", "STRING", "`place`: one place; `total`: all of them"),
    MartColumn("city", "STRING", "City of today; NULL: unknown, or the total"),
    MartColumn("state", "STRING", "State of today; NULL: unknown, or the total"),
)
LISTING = MartColumn("apartment_id", "BIGINT", "Listing number")
IS_PARTIAL = MartColumn("is_partial", "BOOLEAN", "The period has days after the as-of day, which do not count")


def count(name: str, meaning: str, unit: str) -> MartColumn:
    """How many of something."""
    return MartColumn(name, "BIGINT", meaning, unit)


def amount(name: str, meaning: str) -> MartColumn:
    """A sum of money."""
    return MartColumn(name, "DECIMAL(14,2)", meaning, "USD")


def price(name: str, meaning: str) -> MartColumn:
    """Money for one of something."""
    return MartColumn(name, "DECIMAL(12,2)", meaning, "USD")


def share(name: str, meaning: str) -> MartColumn:
    """A part of a whole, 0 to 1; NULL of nothing."""
    return MartColumn(name, "DECIMAL(9,6)", meaning, "share")


def unrated(unit: str) -> MartColumn:
    """How many of what is counted have no exchange rate."""
    return count("rows_without_rate", f"Of the {unit}, those without an exchange rate, left out of all money", unit)
