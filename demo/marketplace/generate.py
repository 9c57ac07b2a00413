"""Fills an empty marketplace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from demo.marketplace import guests, schema
from demo.marketplace import listings as supply
from demo.marketplace.admin import Admin, insert
from demo.marketplace.manifest import Manifest

COLUMNS = {
    "apartments": ("id", "title", "source", "price", "currency", "listing_created_on", "is_active", "last_modified_timestamp"),
    "apartment_attributes": ("id", "category", "body", "amenities", "bathrooms", "bedrooms", "fee", "has_photo",
                             "pets_allowed", "price_display", "price_type", "square_feet", "address", "cityname",
                             "state", "latitude", "longitude"),
    "exchange_rates": ("currency", "rate_date", "usd_per_unit", "updated_at"),
    "bookings": ("booking_id", "user_id", "apartment_id", "booking_date", "checkin_date", "checkout_date",
                 "total_price", "currency", "booking_status", "payment_status", "num_guests", "updated_at"),
    "user_viewing": ("user_id", "apartment_id", "viewed_at", "is_wishlisted", "call_to_action"),
}  # fmt: skip
LISTINGS, BOOKINGS, VIEWINGS = 5_000, 60_000, 200_000


def generate(admin: Admin, scale: float = 1.0, seed: int = 7, today: date | None = None) -> Manifest:
    """Creates and fills the five tables; the same seed, scale and day give the same rows."""
    schema.create(admin)
    with admin.connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT UTC_DATE()")
            day = today or cursor.fetchone()[0]
        rows: dict[str, int] = {}
        planted: dict[str, dict[str, int]] = {name: {} for name in COLUMNS}
        for name, made in _tables(scale, seed, day, planted):
            rows[name] = insert(connection, name, COLUMNS[name], made)
            connection.commit()
    return Manifest(rows, planted)


def _tables(
    scale: float, seed: int, day: date, planted: dict[str, dict[str, int]]
) -> Iterator[tuple[str, Iterator[tuple]]]:
    every = supply.listings(max(40, int(LISTINGS * scale)), Random(seed), day)
    yield "apartments", supply.apartments(every, Random(seed + 1), day, planted["apartments"])
    yield "apartment_attributes", supply.attributes(every, Random(seed + 2), planted["apartment_attributes"])
    yield "exchange_rates", supply.exchange_rates(Random(seed + 3), day, planted["exchange_rates"])
    count = int(BOOKINGS * scale)
    yield "bookings", guests.bookings(count, every, Random(seed + 4), day, planted["bookings"])
    seen = int(VIEWINGS * scale)
    yield "user_viewing", guests.viewings(seen, every, Random(seed + 5), day, planted["user_viewing"])
