"""Days, ISO weeks and months as DATE columns, all in UTC (rulings 3, 10 and 14)."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F


def day_of(moment: Column) -> Column:
    """The UTC day of a time; the time zone of the session is UTC."""
    return F.to_date(moment)


def week_start(day: Column) -> Column:
    """The Monday of a day's ISO week; year and week number would tear at the turn of the year."""
    return F.trunc(day, "week")


def week_end(start: Column) -> Column:
    """The Sunday of the week that starts on this Monday."""
    return F.date_add(start, 6)


def month_start(day: Column) -> Column:
    """The first of a day's month."""
    return F.trunc(day, "month")


def within(moment: Column, only: Sequence[date] | None, days: int) -> Column:
    """True for times in a period of so many days that begins with one of `only`; for all times without.

    It compares with constants, so that files of other times are not read.
    """
    if only is None:
        return F.lit(True)
    spans = [(moment >= F.lit(first)) & (moment < F.lit(after)) for first, after in _spans(only, days)]
    return reduce(or_, spans, F.lit(False))


def _spans(starts: Sequence[date], days: int) -> list[tuple[date, date]]:
    """First days and days after the last, of periods that follow each other joined to one."""
    found = list[tuple[date, date]]()
    for start in sorted(starts):
        first = found.pop()[0] if found and start <= found[-1][1] else start
        found.append((first, start + timedelta(days=days)))
    return found


def is_partial(last_day: Column, as_of: date) -> Column:
    """True for a period that has days after `as_of`."""
    return last_day > F.lit(as_of)


def days(first_day: Column, last_day: Column) -> Column:
    """All days from first to last, both included."""
    return F.sequence(first_day, last_day)


def weeks(first_day: Column, last_day: Column, only: Sequence[date] | None = None) -> Column:
    """The Mondays of all weeks, or of those `only`, with a day from first to last."""
    if only is not None:
        return _with_a_day(only, week_end, first_day, last_day)
    return F.sequence(week_start(first_day), week_start(last_day), F.expr("INTERVAL 7 DAYS"))


def months(first_day: Column, last_day: Column, only: Sequence[date] | None = None) -> Column:
    """The firsts of all months, or of those `only`, with a day from first to last."""
    if only is not None:
        return _with_a_day(only, F.last_day, first_day, last_day)
    return F.sequence(month_start(first_day), month_start(last_day), F.expr("INTERVAL 1 MONTH"))


def _with_a_day(starts: Sequence[date], end: Callable[[Column], Column], first: Column, last: Column) -> Column:
    periods = F.array(*map(F.lit, starts)).cast("ARRAY<DATE>")
    return F.filter(periods, lambda start: (start <= last) & (end(start) >= first))


def days_in_month(month: Column, first_day: Column, last_day: Column) -> Column:
    """How many days from first to last lie in a month that they touch."""
    return F.date_diff(F.least(last_day, F.last_day(month)), F.greatest(first_day, month)) + 1
