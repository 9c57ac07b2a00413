"""What a table was at the end of a day, from its history: slow and plain, for all days one by one."""

from datetime import date, datetime, time
from typing import Any

from tests.reference.calendar import DAY

Row = dict[str, Any]


def silver_as_of(history: list[Row], day: date) -> list[Row]:
    """The versions that held at the end of a UTC day: those that began before midnight, and ended not before it."""
    midnight = datetime.combine(day + DAY, time(0))
    return [
        row
        for row in history
        if row["valid_from"] < midnight and (row["valid_to"] is None or midnight <= row["valid_to"])
    ]
