"""A transaction that stamps its rows now and commits later, as slow applications do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pymysql

from demo.marketplace.admin import Admin

FAR_AHEAD = 1_000_000
INSERTED, UPDATED = 3, 2
INSERT = """
    INSERT INTO bookings (booking_id, user_id, apartment_id, booking_date, checkin_date, checkout_date,
        total_price, currency, booking_status, payment_status, num_guests)
    SELECT booking_id + %s, user_id, apartment_id, UTC_TIMESTAMP(), UTC_DATE() + INTERVAL 30 DAY,
        UTC_DATE() + INTERVAL 33 DAY, total_price, currency, 'confirmed', 'paid', num_guests
    FROM bookings WHERE booking_id IN %s
"""
CLEAN = """
    SELECT b.booking_id FROM bookings b JOIN apartments a ON a.id = b.apartment_id
    WHERE b.booking_status IN ('confirmed', 'completed') AND b.payment_status = 'paid' AND b.num_guests > 0
        AND b.total_price >= 0 AND b.checkout_date > b.checkin_date AND b.currency <> 'XXX'
    ORDER BY b.booking_id DESC LIMIT %s
"""


@dataclass(frozen=True)
class LateCommit:
    """The open transaction, and the bookings that nobody else sees as they are in it."""

    inserted: tuple[int, ...]
    updated: tuple[int, ...]
    connection: pymysql.Connection = field(repr=False)

    @property
    def keys(self) -> tuple[int, ...]:
        """All its bookings."""
        return self.inserted + self.updated

    def commit(self) -> None:
        """Makes them visible; their cursors are older than that."""
        self.connection.commit()
        self.connection.close()

    def abandon(self) -> None:
        """Forgets them."""
        self.connection.close()


def open_late(admin: Admin) -> LateCommit:
    """Inserts three bookings and makes two dearer, in a transaction that stays open."""
    connection = admin.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLEAN, (INSERTED + UPDATED,))
            keys = [key for (key,) in cursor.fetchall()]
            models, updated = keys[:INSERTED], keys[INSERTED:]
            cursor.execute("SELECT MAX(booking_id) FROM bookings")
            ahead = cursor.fetchone()[0] - min(models) + FAR_AHEAD
            cursor.execute(INSERT, (ahead, models))
            cursor.execute("UPDATE bookings SET total_price = total_price + 25 WHERE booking_id IN %s", (updated,))
    except BaseException:
        connection.close()
        raise
    return LateCommit(tuple(key + ahead for key in models), tuple(updated), connection)
