"""Weeks, months and the days in them."""

from collections.abc import Iterator
from datetime import date, timedelta

DAY = timedelta(days=1)


def week_start(day: date) -> date:
    """The Monday of the day's ISO week."""
    return day - day.weekday() * DAY


def week_end(day: date) -> date:
    """The Sunday of the day's ISO week."""
    return week_start(day) + 6 * DAY


def month_start(day: date) -> date:
    """The first of the day's month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return month_start(month_start(day) + 31 * DAY) - DAY


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    while first <= last:
        yield first
        first += DAY


def days_per_month(first: date, last: date) -> Iterator[tuple[date, int]]:
    """Each month touched by first..last (both included) with the number of those days in it."""
    while first <= last:
        end = min(month_end(first), last)
        yield month_start(first), (end - first).days + 1
        first = end + DAY


def weeks(first: date, last: date) -> Iterator[date]:
    """The Monday of each week touched by first..last (both included)."""
    monday = week_start(first)
    while first <= last and monday <= last:
        yield monday
        monday += 7 * DAY
