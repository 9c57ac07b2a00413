"""From a raw source row to a clean one, or to the name of the first quarantine rule it breaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.reference.readers import (
    Reader,
    UnknownError,
    UnreadableError,
    day,
    displayed_money,
    flag,
    moment,
    number,
    one_of,
    place_name,
    text,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """A table's columns in their order, those that may not be NULL, and what must hold between values."""

    columns: dict[str, Reader]
    required: set[str]
    checks: dict[str, Callable[[Row], bool]]


def clean(table: str, row: Row) -> Row | str:
    """The clean row, or the name of the rule it breaks first: column by column, then the checks in order."""
    rules = TABLES[table]
    result: Row = {}
    for column, read in rules.columns.items():
        raw = row.get(column)
        try:
            result[column] = None if raw is None else read(raw)
        except UnreadableError:
            return f"{column}_unreadable"
        except UnknownError:
            return f"{column}_unknown"
        if result[column] is None and column in rules.required:
            return f"{column}_missing"
    for name, holds in rules.checks.items():
        if not holds(result):
            return name
    return result


def at_least(column: str, low: int) -> Callable[[Row], bool]:
    """The value is not below `low`; NULL breaks no check (as in SQL)."""
    return lambda row: row[column] is None or row[column] >= low


def above(column: str, low: int) -> Callable[[Row], bool]:
    """The value is above `low`; NULL breaks no check."""
    return lambda row: row[column] is None or row[column] > low


def within(column: str, low: int, high: int) -> Callable[[Row], bool]:
    """The value is between `low` and `high`, both allowed; NULL breaks no check."""
    return lambda row: row[column] is None or low <= row[column] <= high


def checkout_after_checkin(row: Row) -> bool:
    """A stay has at least one night; an unknown day breaks no check."""
    return None in (row["checkin_date"], row["checkout_date"]) or row["checkout_date"] > row["checkin_date"]


TABLES = {
    "apartments": Rules(
        columns={
            "id": number,
            "title": text,
            "source": one_of("Airbnb", "Zillow", "Craigslist", "Realtor", "Apartments.com"),
            "price": number,
            "currency": text,
            "listing_created_on": moment,
            "is_active": flag,
            "last_modified_timestamp": moment,
        },
        required={"id", "listing_created_on", "last_modified_timestamp"},
        checks={"price_not_negative": at_least("price", 0)},
    ),
    "apartment_attributes": Rules(
        columns={
            "id": number,
            "category": one_of("Studio", "1BHK", "2BHK", "3BHK", "Penthouse"),
            "body": text,
            "amenities": text,
            "bathrooms": number,
            "bedrooms": number,
            "fee": number,
            "has_photo": flag,
            "pets_allowed": flag,
            "price_display": displayed_money,
            "price_type": one_of("Monthly", "Yearly", "One-time"),
            "square_feet": number,
            "address": text,
            "cityname": place_name,
            "state": place_name,
            "latitude": number,
            "longitude": number,
        },
        required={"id"},
        checks={
            "latitude_in_range": within("latitude", -90, 90),
            "longitude_in_range": within("longitude", -180, 180),
            "square_feet_positive": above("square_feet", 0),
        },
    ),
    "user_viewing": Rules(
        columns={
            "user_id": number,
            "apartment_id": number,
            "viewed_at": moment,
            "is_wishlisted": flag,
            "call_to_action": one_of("Contact Agent", "Book Now", "Shortlisted", "Save for Later", "Reported"),
        },
        required={"user_id", "apartment_id", "viewed_at"},
        checks={},
    ),
    "bookings": Rules(
        columns={
            "booking_id": number,
            "user_id": number,
            "apartment_id": number,
            "booking_date": moment,
            "checkin_date": day,
            "checkout_date": day,
            "total_price": number,
            "currency": text,
            "booking_status": one_of("confirmed", "pending", "canceled", "completed", alias={"cancelled": "canceled"}),
            "payment_status": one_of("paid", "pending", "failed", "refunded"),
            "num_guests": number,
            "updated_at": moment,
        },
        required={"booking_id", "total_price", "updated_at"},
        checks={
            "checkout_after_checkin": checkout_after_checkin,
            "price_not_negative": at_least("total_price", 0),
        },
    ),
    "exchange_rates": Rules(
        columns={"currency": text, "rate_date": day, "usd_per_unit": number, "updated_at": moment},
        required={"currency", "rate_date", "updated_at"},
        checks={"rate_positive": above("usd_per_unit", 0)},
    ),
}
