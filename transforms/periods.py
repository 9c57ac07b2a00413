"""Weeks, months and what is partial of them. Weeks are ISO weeks, Monday first (ruling 3)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F


def week_start(day: Column) -> Column:
    """The Monday of the day's week."""
    return F.date_trunc("week", day).cast("date")


def month_start(day: Column) -> Column:
    """The first day of the day's month."""
    return F.trunc(day, "month")


def week_end(start: Column) -> Column:
    """The Sunday of the week that starts here."""
    return F.date_add(start, 6)


def is_partial(last_day: Column, as_of: date) -> Column:
    """True while the period has days after `as_of` (ruling 14)."""
    return last_day > F.lit(as_of)
