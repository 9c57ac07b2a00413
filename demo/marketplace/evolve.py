"""The marketplace's next day, in real transactions stamped by the database's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import pymysql

from demo.marketplace.admin import Admin

BOOKING = (
    "INSERT INTO bookings (booking_id, user_id, apartment_id, booking_date, checkin_date, checkout_date, "
    "total_price, currency, booking_status, payment_status, num_guests) "
    "SELECT %s, %s, id, UTC_TIMESTAMP(), UTC_DATE() + INTERVAL 3 DAY, UTC_DATE() + INTERVAL %s DAY, %s, "
    "currency, 'confirmed', 'paid', 2 FROM apartments WHERE id = %s"
)
CHANGES = (
    ("confirmed", "UPDATE bookings SET booking_status = 'confirmed' WHERE booking_status = 'pending' ORDER BY booking_id LIMIT 40"),
    ("completed", "UPDATE bookings SET booking_status = 'completed' WHERE booking_status = 'confirmed' ORDER BY booking_id LIMIT 40"),
    ("canceled", "UPDATE bookings SET booking_status = 'canceled' WHERE booking_status = 'completed' AND booking_id < 900000000 ORDER BY booking_id DESC LIMIT 20"),
    ("reinstated", "UPDATE bookings SET booking_status = 'confirmed' WHERE booking_status = 'Cancelled' ORDER BY booking_id LIMIT 5"),
    ("moved", "UPDATE bookings SET checkin_date = checkin_date + INTERVAL 40 DAY, checkout_date = checkout_date + INTERVAL 40 DAY "
              "WHERE booking_status = 'CONFIRMED' ORDER BY booking_id LIMIT 15"),
    ("untouched_bookings", "UPDATE bookings SET total_price = total_price + 10, updated_at = updated_at "
                           "WHERE total_price > 0 AND booking_status = 'completed' ORDER BY booking_id LIMIT 7"),
    ("untouched_apartments", "UPDATE apartments SET price = price + 25, last_modified_timestamp = last_modified_timestamp "
                             "WHERE price > 0 ORDER BY id LIMIT 3"),
    ("repriced", "UPDATE apartments SET price = price * 2 WHERE price > 0 ORDER BY id DESC LIMIT 20"),
    ("deactivated", "UPDATE apartments SET is_active = NOT is_active WHERE price > 0 ORDER BY id LIMIT 10"),
    ("relocated", "UPDATE apartment_attributes SET cityname = 'Springfield', state = 'IL' WHERE square_feet > 0 ORDER BY id LIMIT 4"),
    ("repaired", "UPDATE bookings SET booking_status = 'confirmed' WHERE booking_status = 'maybe' ORDER BY booking_id LIMIT 1"),
    ("broken", "UPDATE bookings SET booking_status = 'lost' WHERE booking_status = 'pending' AND booking_id < 900000000 ORDER BY booking_id DESC LIMIT 2"),
    ("deleted_bookings", "DELETE FROM bookings WHERE booking_status = 'confirmed' ORDER BY booking_id LIMIT 6"),
    ("deleted_attributes", "DELETE FROM apartment_attributes WHERE id = (SELECT MAX(id) FROM apartments)"),
    ("deleted_apartments", "DELETE FROM apartments ORDER BY id DESC LIMIT 1"),
)  # fmt: skip


@dataclass(frozen=True)
class LateCommit:
    """A transaction that wrote before the first run and commits after it."""

    connection: pymysql.Connection[Any]
    keys: tuple[int, ...]

    def commit(self) -> None:
        """Lets the rows appear, with cursors of long ago."""
        self.connection.commit()
        self.connection.close()


def open_late(admin: Admin, first_key: int = 900_000_001) -> LateCommit:
    """Opens the transaction and stamps three bookings in it."""
    connection = admin.connect()
    keys = tuple(range(first_key, first_key + 3))
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute("SELECT id FROM apartments WHERE price > 0 ORDER BY id LIMIT 3")
        for key, (listing,) in zip(keys, cursor.fetchall(), strict=True):
            cursor.execute(BOOKING, (key, 17, 5, 321, listing))
    return LateCommit(connection, keys)


def evolve(admin: Admin, seed: int = 7, late: LateCommit | None = None) -> dict[str, int]:
    """Plays the next day; returns how many rows each kind of change touched."""
    random, done = Random(seed), {}
    with admin.connect() as connection, connection.cursor() as cursor:
        for name, sql in CHANGES:
            done[name] = cursor.execute(sql)
            connection.commit()
        cursor.execute("SELECT MAX(booking_id) FROM bookings WHERE booking_id < 900000000")
        newest = cursor.fetchone()[0]
        cursor.execute("SELECT id FROM apartments WHERE price > 0 ORDER BY id LIMIT 60")
        every = [row[0] for row in cursor.fetchall()]
        for n in range(60):
            listing = random.choice(every)
            cursor.execute(BOOKING, (newest + 1 + n, random.randint(1, 400), random.randint(4, 12), 300, listing))
            cursor.execute(
                "INSERT INTO user_viewing VALUES (%s, %s, UTC_TIMESTAMP(6), 1, 'Book Now')", (n + 1, listing)
            )
        cursor.execute(
            "INSERT INTO exchange_rates (currency, rate_date, usd_per_unit) SELECT currency, UTC_DATE(), usd_per_unit "
            "FROM exchange_rates WHERE rate_date = (SELECT MAX(rate_date) FROM exchange_rates)"
        )
        cursor.execute(
            "INSERT INTO apartments (id, title, source, price, currency, listing_created_on, is_active) "
            "VALUES (4, 'Brand new', 'Airbnb', 999, 'USD', UTC_TIMESTAMP(), 1)"
        )
        connection.commit()
    if late is not None:
        late.commit()
        done["late"] = len(late.keys)
    return done | {"booked": 60, "viewed": 60}
