"""Small worlds from text tables: columns left out have a harmless value."""

from datetime import datetime
from typing import Any

from tests.reference.world import World
from tests.support.tables import Row, parse

PLACES = """
    | id | cityname | state |
    | 1  | Madrid   | MD    |
    | 2  | Madrid   | MD    |
    | 3  | Oslo     |       |
"""

APARTMENT = """
    | title | source | price  | currency | listing_created_on | is_active |
    | Flat  | Airbnb | 100.00 | USD      | 2024-01-01         | 1         |
"""
ATTRIBUTES = """
    | category | price_display | price_type | has_photo | pets_allowed | square_feet | latitude  |
    | Studio   | $1,588.42     | Monthly    | 1         |              | 500         | 40.416775 |
"""
BOOKING = """
    | user_id | apartment_id | booking_date        | checkin_date | checkout_date | total_price | currency |
    | 1       | 1            | 2024-01-01 12:00:00 | 2024-01-10   | 2024-01-11    | 100.00      | USD      |
"""
STATUS = """
    | booking_status | payment_status | num_guests |
    | confirmed      | paid           | 2          |
"""
RATE = """
    | updated_at          |
    | 2024-01-01 06:00:00 |
"""


def filled(text: str, *defaults: str, **types: Any) -> list[Row]:
    """The table's rows over the default row."""
    default = {column: value for part in defaults for column, value in parse(part)[0].items()}
    return [default | row for row in parse(text, **types)]


def source(apartments: str = "", attributes: str = PLACES, bookings: str = "", rates: str = "") -> dict[str, list[Row]]:
    """A state of the source. A row was last changed when it was created, unless it says otherwise."""
    flats = filled(apartments, APARTMENT)
    stays = filled(bookings, BOOKING, STATUS)
    return {
        "apartments": [{"last_modified_timestamp": row["listing_created_on"]} | row for row in flats],
        "apartment_attributes": filled(attributes, ATTRIBUTES, price_display=str),
        "user_viewing": [],
        "bookings": [{"updated_at": row["booking_date"]} | row for row in stays],
        "exchange_rates": filled(rates, RATE),
    }


def seen(*states: tuple[str, dict[str, list[Row]]]) -> World:
    """The world after observing each state at its time."""
    world = World()
    for at, tables in states:
        world.observe(tables, datetime.fromisoformat(at))
    return world


def world(**tables: str) -> World:
    """The world after one observation."""
    return seen(("2025-12-31", source(**tables)))
