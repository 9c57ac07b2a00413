"""Drawn worlds: few listings and users, so that stays overlap, and days that lie at the ends of periods."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.reference.world import World

Row = dict[str, Any]

FIRST, LAST = date(2020, 1, 15), date(2021, 4, 10)
EDGES = """
2020-01-31 2020-02-01 2020-02-28 2020-02-29 2020-03-01 2020-03-31 2020-12-27 2020-12-28 2020-12-31
2021-01-01 2021-01-03 2021-01-04 2021-01-31 2021-02-28 2021-03-01
"""
AS_OF = ("2020-12-31", "2021-01-02", "2021-01-03", "2021-02-28", "2021-03-04")
OBSERVED = tuple(datetime.fromisoformat(at) for at in ("2020-02-29 08:00", "2020-12-31 10:00", "2021-03-05 12:00"))
LISTINGS, USERS, ORPHAN = range(1, 8), (11, 12, 13, 14, 15, 16, None), 99
STATUSES = ("confirmed", "confirmed", "completed", "completed", "canceled", "cancelled ", "pending", None, "lost")

days = st.one_of(
    st.sampled_from([date.fromisoformat(day) for day in EDGES.split()]), st.dates(FIRST, LAST), st.dates(FIRST, LAST)
)
times = st.sampled_from([time(0), time(9, 30), time(12), time(23, 59, 59)])
moments = st.builds(datetime.combine, days, times)
currencies = st.sampled_from(["USD", "USD", "EUR", "EUR", "XXX", None])
prices = st.sampled_from([Decimal(p) for p in ("0.00", "0.02", "99.99", "100.00", "100.01", "333.33", "20000.01")])


def apartments(listing: int) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "id": st.just(listing),
            "title": st.just("Flat"),
            "source": st.sampled_from(["Airbnb", "Airbnb", "Airbnb", "Airbnb", "Zillow", "Nobody"]),
            "price": prices,
            "currency": currencies,
            "listing_created_on": moments,
            "is_active": st.sampled_from([1, 1, 1, 0, None]),
        }
    )


@st.composite
def bookings(draw: st.DrawFn, number: int) -> Row:
    made, stay = draw(moments), draw(st.sampled_from([1, 1, 2, 2, 3, 5, 30, 0]))
    checkin = made.date() + timedelta(days=draw(st.sampled_from([0, 1, 3, 30, 60, -2])))
    return {
        "booking_id": number,
        "user_id": draw(st.sampled_from(USERS)),
        "apartment_id": draw(st.sampled_from([*LISTINGS, *LISTINGS, ORPHAN, None])),
        "booking_date": draw(st.sampled_from([made, made, made, made, None])),
        "checkin_date": checkin,
        "checkout_date": checkin + timedelta(days=stay),
        "total_price": draw(prices),
        "currency": draw(currencies),
        "booking_status": draw(st.sampled_from(STATUSES)),
        "payment_status": "paid",
        "num_guests": 2,
    }


def viewings(booked: list[Row]) -> st.SearchStrategy[Row]:
    """A look of anybody at anything, or of somebody who booked at what was booked, about thirty days before."""
    pairs = [row for row in booked if row["user_id"] and row["apartment_id"] and row["booking_date"]]
    gaps = [timedelta(0), timedelta(seconds=1), timedelta(days=30), timedelta(days=30, seconds=1), timedelta(days=7)]
    before = st.builds(
        lambda row, gap: (row["user_id"], row["apartment_id"], row["booking_date"] - gap),
        st.sampled_from(pairs) if pairs else st.nothing(),
        st.sampled_from(gaps),
    )
    anyone = st.tuples(st.sampled_from(USERS[:-1]), st.sampled_from([*LISTINGS, ORPHAN]), moments)
    calls = st.sampled_from(["Contact Agent", "Book Now", "Shortlisted", "Reported", None])
    return st.builds(
        lambda look, wished, call: dict(zip(LOOK, (*look, wished, call), strict=True)),
        st.one_of(before, anyone),
        st.sampled_from([1, 0, 0, None]),
        calls,
    )


LOOK = ("user_id", "apartment_id", "viewed_at", "is_wishlisted", "call_to_action")


@st.composite
def rates(draw: st.DrawFn) -> list[Row]:
    found = draw(st.lists(st.tuples(days, st.sampled_from(["1.10009", "0.5", "1.25"])), min_size=20, max_size=60))
    return [
        {"currency": "EUR", "rate_date": day, "usd_per_unit": Decimal(rate), "updated_at": OBSERVED[0]}
        for day, rate in dict(found).items()
    ]


@st.composite
def worlds(draw: st.DrawFn, most_bookings: int = 100) -> tuple[World, date]:
    """A world after three observations, and the day of the question."""
    world, kept = World(), {}
    fixed = {
        "apartment_attributes": [
            {"id": listing, "cityname": city, "state": state, "square_feet": feet}
            for listing, (city, state, feet) in enumerate(
                (
                    ("Bern", "BE", 10),
                    ("Bern", "BE", 20),
                    ("Bern", "BE", 30),
                    ("Bern", None, 40),
                    ("N/A", "", 50),
                    ("Zug", "ZG", 0),
                ),
                start=1,
            )
        ],
        "exchange_rates": draw(rates()),
    }
    since = datetime.combine(FIRST, time(0))
    for at in OBSERVED:
        kept = {
            "apartments": _next(draw, kept, "apartments", "last_modified_timestamp", LISTINGS, apartments, since, at),
            "bookings": _next(draw, kept, "bookings", "updated_at", range(1, most_bookings + 1), bookings, since, at),
        }
        looks = draw(st.lists(viewings(list(kept["bookings"].values())), min_size=20, max_size=40))
        unique = {tuple(look[name] for name in LOOK[:3]): look for look in looks}
        tables = {name: list(rows.values()) for name, rows in kept.items()}
        world.observe(fixed | tables | {"user_viewing": list(unique.values())}, at)
        since = at
    return world, date.fromisoformat(draw(st.sampled_from(AS_OF)))


def _next(draw: Any, kept: dict, table: str, cursor: str, numbers: Any, row: Any, since: datetime, at: datetime) -> Any:
    """The table's next state by key: each row is left, changed, gone, or there again."""
    found = {}
    for number in numbers:
        old = kept.get(table, {}).get(number)
        what = draw(st.sampled_from(["changed", "left", "left", "left", "left", "gone"]))
        if what == "changed" or (what == "left" and not kept):
            stamp = since + draw(st.sampled_from([timedelta(hours=1), timedelta(days=20), at - since]))
            found[number] = draw(row(number)) | {cursor: min(stamp, at)}
        elif what == "left" and old:
            found[number] = old
    return found
