"""The periods that a reach names are those of its definition, day by day, for thousands of drawn rows in one job."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.transforms.drawn import framed
from tests.transforms.worlds import SCHEMAS
from transforms.gold import booking_funnel_weekly as funnel
from transforms.gold import listing_performance_monthly as listing
from transforms.gold import repeat_customer_rate_daily as repeats
from transforms.periods import months, weeks
from transforms.reach import and_a_year_on, months_counted, night_months, rate_days
from transforms.stays import live

DAY, ROWS = timedelta(days=1), 3000
Row = dict[str, Any]


def drawn_day(dice: random.Random) -> date:
    """One of two years; every other time near the end of a month, which may be that of the year."""
    day = date(2023, 12, 1) + dice.randrange(760) * DAY
    return day if dice.random() < 0.5 else day.replace(day=1) + dice.randint(-2, 2) * DAY


def every_day(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def monday(day: date) -> date:
    return next(d for d in (day - n * DAY for n in range(7)) if d.isoweekday() == 1)


def bookings(spark: SparkSession, dice: random.Random) -> tuple[list[Row], DataFrame]:
    """Each of a guest of its own."""
    rows = []
    for number in range(ROWS):
        made, checkin = drawn_day(dice), drawn_day(dice)
        at = datetime.combine(made, datetime.min.time()) + timedelta(seconds=dice.choice([0, 1, 43200, 86399]))
        rows.append(
            {
                "booking_id": number,
                "user_id": number,
                "apartment_id": dice.randint(1, 9),
                "booking_date": at,
                "checkin_date": checkin,
                "checkout_date": checkin + dice.choice([1, 1, 2, 3, 29, 30, 31, 70]) * DAY,
                "currency": "EUR",
                "booking_status": dice.choice(["confirmed", "completed", "canceled", "pending"]),
            }
        )
    return rows, framed(spark, SCHEMAS["bookings"], rows)


def looks(spark: SparkSession, dice: random.Random, booked: list[Row]) -> tuple[list[Row], DataFrame]:
    """One before or after each booking, of that listing or of another."""
    rows = []
    for row in booked:
        gap = timedelta(days=dice.choice([0, 1, 15, 29, 30, 31]), seconds=dice.choice([-1, 0, 0, 1]))
        other = dice.choice([0, 0, 0, 1])
        look = {"user_id": row["user_id"], "apartment_id": row["apartment_id"] + other}
        rows.append(look | {"viewed_at": row["booking_date"] - gap})
    return rows, framed(spark, SCHEMAS["user_viewing"], rows)


def led_to(look: Row, booking: Row) -> bool:
    """The look is at what was booked, at the same time or up to thirty days before, to the second."""
    gap = booking["booking_date"] - look["viewed_at"]
    is_confirmed = booking["booking_status"] in ("confirmed", "completed")
    same = look["apartment_id"] == booking["apartment_id"]
    return is_confirmed and same and timedelta(0) <= gap <= timedelta(days=30)


def periods(frame: DataFrame) -> Counter:
    return Counter(row[0] for row in frame.collect())


def nights(row: Row) -> Iterable[date]:
    return every_day(row["checkin_date"], row["checkout_date"] - DAY)


def test_the_weeks_and_months_of_days_are_those_with_one_of_them(spark: SparkSession) -> None:
    dice = random.Random(1)
    spans = [(n, (first := drawn_day(dice)), first + dice.choice([0, 1, 6, 7, 27, 40, 370]) * DAY) for n in range(ROWS)]
    mondays = sorted({monday(drawn_day(dice)) for _ in range(40)})
    firsts = sorted({drawn_day(dice).replace(day=1) for _ in range(9)})
    ends = (F.col("first_day"), F.col("last_day"))
    found = spark.createDataFrame(spans, "number INT, first_day DATE, last_day DATE").select(
        "number", weeks(*ends), months(*ends), weeks(*ends, mondays), months(*ends, firsts)
    )
    for (number, *answers), (_, first, last) in zip(found.orderBy("number").collect(), spans, strict=True):
        all_weeks = sorted({monday(day) for day in every_day(first, last)})
        all_months = sorted({day.replace(day=1) for day in every_day(first, last)})
        some_weeks = [week for week in mondays if week in all_weeks]
        some_months = [month for month in firsts if month in all_months]
        assert answers == [all_weeks, all_months, some_weeks, some_months], (number, first, last)


def test_a_rate_prices_its_day_and_seven_more(spark: SparkSession) -> None:
    dice = random.Random(2)
    rows = [{"currency": str(number), "rate_date": drawn_day(dice)} for number in range(ROWS)]
    found = Counter(tuple(row) for row in rate_days(framed(spark, SCHEMAS["exchange_rates"], rows)).collect())
    horizon = [(row["currency"], row["rate_date"], row["rate_date"] + n * DAY) for row in rows for n in range(-9, 10)]
    assert found == Counter((name, day) for name, given, day in horizon if 0 <= (day - given).days <= 7)


def test_bookings_count_in_the_months_of_their_making_and_nights_and_are_compared_a_year_later(
    spark: SparkSession,
) -> None:
    rows, frame = bookings(spark, random.Random(3))
    slept = Counter(month for row in rows for month in {night.replace(day=1) for night in nights(row)})
    assert periods(night_months(frame)) == slept

    stood = [row for row in rows if row["booking_status"] in ("confirmed", "completed")]
    counted = Counter(month for row in stood for month in {night.replace(day=1) for night in nights(row)})
    counted += Counter(row["booking_date"].date().replace(day=1) for row in rows)
    assert periods(months_counted(live(frame))) == counted

    later = Counter({month.replace(year=month.year + 1): number for month, number in counted.items()})
    assert periods(and_a_year_on(months_counted(live(frame)))) == counted + later


def test_a_booking_is_in_the_window_of_thirty_days(spark: SparkSession) -> None:
    rows, frame = bookings(spark, random.Random(4))
    within = Counter()
    for booked in (row["booking_date"].date() for row in rows):
        around = every_day(booked - 40 * DAY, booked + 40 * DAY)
        within.update(day for day in around if day - 30 * DAY < booked <= day)
    gone = frame.withColumns({"_change_type": F.lit("insert"), "_commit_version": F.lit(1)})
    assert periods(repeats.touched_by_bookings(gone, frame.limit(0))) == within


def test_a_look_reaches_its_week_and_that_of_the_booking_within_thirty_days(spark: SparkSession) -> None:
    dice = random.Random(5)
    booked, frame = bookings(spark, dice)
    looked, views = looks(spark, dice, booked)
    pairs = list(zip(looked, booked, strict=True))
    expected = Counter(monday(look["viewed_at"].date()) for look in looked)
    expected += Counter(monday(row["booking_date"].date()) for look, row in pairs if led_to(look, row))
    assert periods(funnel.touched_by_user_viewing(views, frame)) == expected


def test_a_booking_reaches_the_month_of_the_look_within_thirty_days_before(spark: SparkSession) -> None:
    dice = random.Random(6)
    booked, frame = bookings(spark, dice)
    looked, views = looks(spark, dice, booked)
    pairs = list(zip(looked, booked, strict=True))
    led = Counter(look["viewed_at"].date().replace(day=1) for look, row in pairs if led_to(look, row))
    own = periods(and_a_year_on(months_counted(live(frame))))
    assert periods(listing.touched_by_bookings(frame, views)) == own + led
