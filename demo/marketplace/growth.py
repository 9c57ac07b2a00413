"""What comes new on a day: listings, bookings, viewings, rates."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from pymysql.cursors import Cursor

from demo.marketplace import bulk
from demo.marketplace.admin import counts, value
from demo.marketplace.bookings import DAY, leads, lengths, stays
from demo.marketplace.columns import Columns, chosen, height, pick
from demo.marketplace.guests import FIRST_USER
from demo.marketplace.kinds import ORPHANS, ORPHANS_FROM
from demo.marketplace.listings import made
from demo.marketplace.viewings import CALLS, WISHED_SHARE

PER_DAY = {"apartments": 800, "bookings": 700, "user_viewing": 700}
PAYMENT_OF = {"confirmed": "paid", "pending": "pending"}
ORPHAN = """
    SELECT b.apartment_id FROM bookings b LEFT JOIN apartments a ON a.id = b.apartment_id
    WHERE a.id IS NULL AND b.apartment_id BETWEEN %s AND %s AND b.booking_status = 'completed'
    ORDER BY b.booking_id LIMIT 1
"""
LIVE = """
    SELECT id, price, currency FROM apartments
    WHERE is_active AND price >= 0 AND currency <> 'XXX' AND listing_created_on IS NOT NULL
        AND source IN ('Airbnb', 'Zillow', 'Craigslist', 'Realtor', 'Apartments.com') ORDER BY id
"""
VIEWING = "INSERT INTO user_viewing VALUES (%s, %s, UTC_TIMESTAMP(6), %s, %s)"
RATES = """
    INSERT INTO exchange_rates (currency, rate_date, usd_per_unit)
    SELECT r.currency, %(day)s, ROUND(r.usd_per_unit * 1.002, 8) FROM exchange_rates r
    JOIN (
        SELECT currency, MAX(rate_date) AS rate_date FROM exchange_rates
        WHERE usd_per_unit > 0 AND rate_date < %(day)s GROUP BY currency
    ) known USING (currency, rate_date)
    ON DUPLICATE KEY UPDATE usd_per_unit = exchange_rates.usd_per_unit * 1.001
"""


def grow(cursor: Cursor, rng: Generator) -> tuple[dict[str, int], tuple[int, ...]]:
    """Adds a day's new rows, stamped by the server; their numbers, and listings that bookings waited for."""
    before = counts(cursor)
    arrived = _add_listings(cursor, rng, _share(before, "apartments"))
    live = _live(cursor)
    _add_bookings(cursor, rng, live, _share(before, "bookings"))
    _add_viewings(cursor, rng, live, _share(before, "user_viewing"))
    _publish_rates(cursor)
    after = counts(cursor)
    return {table: after[table] - before[table] for table in before}, arrived


def _publish_rates(cursor: Cursor) -> None:
    """The rates of the latest weekday, or a correction of them where there already are some."""
    today = np.datetime64(value(cursor, "SELECT UTC_DATE()"))
    cursor.execute(RATES, {"day": str(np.busday_offset(today, 0, roll="backward"))})


def _share(rows: dict[str, int], table: str) -> int:
    return max(5, rows[table] // PER_DAY[table])


def _add_listings(cursor: Cursor, rng: Generator, count: int) -> tuple[int, ...]:
    """Adds listings; the first is one of which there already is a booking, if any."""
    cursor.execute(ORPHAN, (ORPHANS_FROM, ORPHANS_FROM + ORPHANS))
    arrived = tuple(key for (key,) in cursor.fetchall())
    highest, now = value(cursor, "SELECT MAX(id) FROM apartments"), _now(cursor)
    keys = np.array([*arrived, *range(highest + 1, highest + 1 + count - len(arrived))])
    apartments, attributes = made(rng, keys, np.full(count, now))
    bulk.insert(cursor, "apartments", apartments)
    bulk.insert(cursor, "apartment_attributes", attributes)
    return arrived


def _now(cursor: Cursor) -> np.datetime64:
    return np.datetime64(value(cursor, "SELECT UTC_TIMESTAMP()"), "s")


def _live(cursor: Cursor) -> Columns:
    cursor.execute(LIVE)
    keys, prices, currencies = zip(*cursor.fetchall(), strict=True)
    return {"id": np.array(keys), "price": np.array(prices, float), "currency": np.array(currencies, object)}


def _add_bookings(cursor: Cursor, rng: Generator, live: Columns, count: int) -> None:
    cursor.execute("SELECT MAX(booking_id), MAX(user_id) FROM bookings")
    highest, last_user = cursor.fetchone()
    now = _now(cursor)
    status = pick(rng, {"confirmed": 1, "pending": 1}, count)
    listings = chosen(live, rng.integers(0, height(live), count))
    arrival = now.astype("datetime64[D]") + leads(rng, count) + DAY
    booked = {
        "booking_id": np.arange(highest + 1, highest + 1 + count),
        "user_id": rng.integers(FIRST_USER, last_user + 1, count),
        "booking_date": np.full(count, now),
        **stays(rng, listings, arrival, lengths(rng, count)),
        "booking_status": status,
        "payment_status": np.array([PAYMENT_OF[name] for name in status], object),
    }
    bulk.insert(cursor, "bookings", booked)


def _add_viewings(cursor: Cursor, rng: Generator, live: Columns, count: int) -> None:
    """Each by another user, so that no two have the same key whatever the clock says."""
    last_user = value(cursor, "SELECT MAX(user_id) FROM user_viewing")
    users = FIRST_USER + rng.choice(last_user + count - FIRST_USER, count, replace=False)
    listings = rng.choice(live["id"], count)
    wished = rng.random(count) < WISHED_SHARE
    calls = pick(rng, CALLS, count)
    rows = zip(users.tolist(), listings.tolist(), wished.tolist(), calls, strict=True)
    cursor.executemany(VIEWING, list(rows))
