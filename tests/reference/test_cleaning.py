from decimal import Decimal

import pytest

from tests.reference.cleaning import TABLES, clean
from tests.reference.worlds import source
from tests.support.tables import parse

ROWS = source(
    apartments="| id |\n| 1 |",
    bookings="| booking_id |\n| 1 |",
    rates="| currency | rate_date | usd_per_unit |\n| EUR | 2024-01-01 | 1.1 |",
)
VIEW = parse("""
    | user_id | apartment_id | viewed_at  | is_wishlisted | call_to_action |
    | 1       | 1            | 2024-01-01 | 0             | Book Now       |
""")[0]


def row_of(table, **changes):
    row = VIEW if table == "user_viewing" else ROWS[table][0]
    return row | changes


@pytest.mark.parametrize("table", TABLES)
def test_an_ordinary_row_is_clean(table):
    assert isinstance(clean(table, row_of(table)), dict)


@pytest.mark.parametrize(
    ("table", "changes", "rule"),
    [
        ("apartments", {"source": "Booking"}, "source_unknown"),
        ("apartments", {"listing_created_on": None}, "listing_created_on_missing"),
        ("apartments", {"price": Decimal("-0.01")}, "price_not_negative"),
        ("apartment_attributes", {"category": "4BHK"}, "category_unknown"),
        ("apartment_attributes", {"price_display": "on request"}, "price_display_unreadable"),
        ("apartment_attributes", {"price_display": "$1,58.42"}, "price_display_unreadable"),
        ("apartment_attributes", {"price_type": "Weekly"}, "price_type_unknown"),
        ("apartment_attributes", {"latitude": Decimal("90.000001")}, "latitude_in_range"),
        ("apartment_attributes", {"longitude": Decimal("-180.5")}, "longitude_in_range"),
        ("apartment_attributes", {"square_feet": 0}, "square_feet_positive"),
        ("user_viewing", {"call_to_action": "Call"}, "call_to_action_unknown"),
        ("bookings", {"booking_status": "on hold"}, "booking_status_unknown"),
        ("bookings", {"payment_status": "owed"}, "payment_status_unknown"),
        ("bookings", {"total_price": None}, "total_price_missing"),
        ("bookings", {"checkout_date": row_of("bookings")["checkin_date"]}, "checkout_after_checkin"),
        ("bookings", {"total_price": Decimal("-1.00")}, "price_not_negative"),
        ("exchange_rates", {"usd_per_unit": Decimal(0)}, "rate_positive"),
    ],
)
def test_a_row_is_rejected_by_the_rule_it_breaks(table, changes, rule):
    assert clean(table, row_of(table, **changes)) == rule


def test_of_two_broken_rules_the_columns_come_before_the_checks():
    broken = row_of("bookings", total_price=Decimal(-1), booking_status="?", checkout_date=None)
    assert clean("bookings", broken) == "booking_status_unknown"


@pytest.mark.parametrize("status", ["canceled", "cancelled", " Cancelled ", "CANCELED"])
def test_canceled_has_two_spellings_in_any_case(status):
    assert clean("bookings", row_of("bookings", booking_status=status))["booking_status"] == "canceled"


@pytest.mark.parametrize("name", ["", "  ", "null", "NA", "N/A", "Undefined", None])
def test_words_for_nothing_are_no_city(name):
    assert clean("apartment_attributes", row_of("apartment_attributes", cityname=name))["cityname"] is None


def test_a_city_is_trimmed():
    assert clean("apartment_attributes", row_of("apartment_attributes", cityname=" Oslo "))["cityname"] == "Oslo"


def test_displayed_money_is_an_exact_amount():
    cleaned = clean("apartment_attributes", row_of("apartment_attributes", price_display="$1,588.42"))
    assert cleaned["price_display"] == Decimal("1588.42")


def test_a_booking_without_guests_is_only_a_warning():
    assert isinstance(clean("bookings", row_of("bookings", num_guests=0)), dict)
