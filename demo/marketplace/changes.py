"""What changes on a day: statuses, stays, prices, places; and what disappears."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from pymysql.cursors import Cursor

from demo.marketplace.cities import CITIES

GOOD_BOOKING = """
    booking_status IN ('confirmed', 'completed', 'pending', 'canceled')
    AND payment_status IN ('paid', 'pending', 'failed', 'refunded')
    AND total_price >= 0 AND checkout_date > checkin_date AND num_guests > 0
"""
GOOD_LISTING = """
    price >= 0 AND listing_created_on IS NOT NULL
    AND source IN ('Airbnb', 'Zillow', 'Craigslist', 'Realtor', 'Apartments.com')
"""
GOOD_ATTRIBUTES = """
    category IN ('Studio', '1BHK', '2BHK', '3BHK', 'Penthouse')
    AND price_type IN ('Monthly', 'Yearly', 'One-time')
    AND square_feet > 0 AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180
    AND price_display REGEXP '^[$]?[0-9,]+([.][0-9]+)?$'
"""
TRANSITIONS = {
    "pending->confirmed": ("booking_status = 'pending'", "confirmed", "paid"),
    "confirmed->completed": (
        "booking_status = 'confirmed' AND checkin_date <= UTC_DATE()",
        "completed",
        "paid",
    ),
    "confirmed->canceled": ("booking_status = 'confirmed'", "canceled", "refunded"),
    "canceled->confirmed": ("booking_status = 'canceled'", "confirmed", "paid"),
}
PAST_STAY = """
    booking_status = 'completed'
    AND checkin_date BETWEEN UTC_DATE() - INTERVAL 80 DAY AND UTC_DATE() - INTERVAL 50 DAY
"""

Keys = tuple[int, ...]


class Changes:
    """Changes rows of an open transaction, every row at most once, and tells their keys."""

    def __init__(self, cursor: Cursor, rng: Random, spared: Iterable[int]) -> None:
        """Leaves the bookings alone that are `spared`."""
        self._cursor = cursor
        self._rng = rng
        self._used = {"bookings": set(spared), "apartments": set(), "apartment_attributes": set()}

    def bookings(self, change: str, condition: str, count: int) -> Keys:
        """Changes good bookings."""
        return self._change("bookings", "booking_id", change, f"{condition} AND {GOOD_BOOKING}", count)

    def apartments(self, change: str, condition: str, count: int) -> Keys:
        """Changes good listings."""
        return self._change("apartments", "id", change, f"{condition} AND {GOOD_LISTING}", count)

    def statuses(self, count: int) -> dict[str, Keys]:
        """Moves bookings along, and some back."""
        return {
            name: self.bookings(f"booking_status = '{to}', payment_status = '{payment}'", condition, count)
            for name, (condition, to, payment) in TRANSITIONS.items()
        }

    def move_stays(self, count: int) -> Keys:
        """Shifts stays by 31 days, which is another month whatever the date."""
        shift = "{0} = {0} + INTERVAL 31 DAY"
        change = f"{shift.format('checkin_date')}, {shift.format('checkout_date')}"
        return self.bookings(change, PAST_STAY, count)

    def relocate(self, count: int) -> Keys:
        """Gives listings another city."""
        city = self._rng.choice(CITIES)
        change = f"cityname = '{city.name}', state = '{city.state}'"
        condition = f"cityname <> '{city.name}' AND {GOOD_ATTRIBUTES}"
        return self._change("apartment_attributes", "id", change, condition, count)

    def repair(self) -> Keys:
        """Gives a known status to a booking that had none, which is its only fault."""
        condition = "booking_status IN ('on_hold', '???', 'no-show')"
        return self._change("bookings", "booking_id", "booking_status = 'confirmed'", condition, 1)

    def delete_bookings(self, count: int) -> Keys:
        """Removes bookings without a trace."""
        keys = self._pick("bookings", "booking_id", f"booking_status = 'completed' AND {GOOD_BOOKING}", count)
        self._delete("bookings", "booking_id", keys)
        return keys

    def delete_listings(self, count: int) -> Keys:
        """Removes listings and their attributes; their bookings stay."""
        booked = "id IN (SELECT apartment_id FROM bookings WHERE booking_status = 'completed')"
        keys = self._pick("apartments", "id", f"{booked} AND {GOOD_LISTING}", count)
        self._used["apartment_attributes"].update(keys)
        self._delete("apartments", "id", keys)
        self._delete("apartment_attributes", "id", keys)
        return keys

    def _change(self, table: str, key: str, change: str, condition: str, count: int) -> Keys:
        keys = self._pick(table, key, condition, count)
        for value in keys:
            self._cursor.execute(f"UPDATE {table} SET {change} WHERE {key} = %s", (value,))  # noqa: S608
        return keys

    def _delete(self, table: str, key: str, keys: Keys) -> None:
        for value in keys:
            self._cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", (value,))  # noqa: S608

    def _pick(self, table: str, key: str, condition: str, count: int) -> Keys:
        self._cursor.execute(f"SELECT {key} FROM {table} WHERE {condition} ORDER BY {key}")  # noqa: S608
        free = [value for (value,) in self._cursor.fetchall() if value not in self._used[table]]
        keys = tuple(sorted(self._rng.sample(free, min(count, len(free)))))
        self._used[table].update(keys)
        return keys
