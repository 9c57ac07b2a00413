from datetime import date

import pytest

from tests.reference import MARTS, stay_nights
from tests.reference.worlds import world

COLUMNS = {
    "average_listing_price_weekly": "week_start level city state listings mean_price_usd median_price_usd "
    "new_listings rows_without_rate assumed_listings is_partial",
    "occupancy_rate_monthly": "month_start level city state booked_nights available_nights occupancy_rate "
    "double_booked_nights booked_beyond_supply assumed_nights is_partial",
    "popular_locations_weekly": "week_start level city state bookings guests revenue_usd rows_without_rate "
    "rank is_partial",
    "top_listings_weekly": "week_start rank apartment_id bookings nights revenue_usd adr_usd "
    "rows_without_rate is_partial",
    "bookings_per_user_weekly": "week_start user_id confirmed_bookings pending_bookings canceled_bookings "
    "nights spend_usd rows_without_rate is_partial",
    "average_booking_duration_weekly": "week_start level city state stays mean_nights median_nights "
    "p90_nights is_partial",
    "repeat_customer_rate_daily": "day users repeat_users repeat_rate is_partial",
}


def one_of_each():
    return world(apartments="| id |\n| 1 |", bookings="| booking_id |\n| 1 |")


@pytest.mark.parametrize("name", MARTS)
def test_a_mart_has_exactly_its_columns(name):
    rows = MARTS[name](one_of_each(), date(2024, 1, 31))
    assert {" ".join(row) for row in rows} == {COLUMNS[name]}


@pytest.mark.parametrize("name", MARTS)
def test_an_empty_world_has_no_rows(name):
    assert MARTS[name](world(), date(2024, 1, 31)) == []


def test_stay_nights_have_exactly_their_columns():
    (row,) = stay_nights(one_of_each())
    assert list(row) == ["booking_id", "apartment_id", "user_id", "night", "amount", "currency", "usd"]
