"""The columns and types that readers of the marts rely on."""

import pytest

from tests.transforms.worlds import World, schema_of

PLACE = "level string, city string, state string"
COLUMNS = {
    "average_listing_price_weekly": f"week_start date, {PLACE}, listings bigint, "
    "mean_price_usd decimal(12,2), median_price_usd decimal(12,2), new_listings bigint, "
    "rows_without_rate bigint, assumed_listings bigint, is_partial boolean",
    "occupancy_rate_monthly": f"month_start date, {PLACE}, booked_nights bigint, available_nights bigint, "
    "occupancy_rate decimal(9,6), double_booked_nights bigint, booked_beyond_supply bigint, "
    "assumed_nights bigint, is_partial boolean",
    "popular_locations_weekly": f"week_start date, {PLACE}, bookings bigint, guests bigint, "
    "revenue_usd decimal(14,2), rows_without_rate bigint, rank int, is_partial boolean",
    "top_listings_weekly": "week_start date, rank int, apartment_id bigint, bookings bigint, nights bigint, "
    "revenue_usd decimal(14,2), adr_usd decimal(12,2), rows_without_rate bigint, is_partial boolean",
    "bookings_per_user_weekly": "week_start date, user_id bigint, confirmed_bookings bigint, "
    "pending_bookings bigint, canceled_bookings bigint, nights bigint, spend_usd decimal(14,2), "
    "rows_without_rate bigint, is_partial boolean",
    "average_booking_duration_weekly": f"week_start date, {PLACE}, stays bigint, mean_nights decimal(9,2), "
    "median_nights decimal(9,2), p90_nights int, is_partial boolean",
    "repeat_customer_rate_daily": "day date, users bigint, repeat_users bigint, repeat_rate decimal(9,6), "
    "is_partial boolean",
}
STAY_NIGHTS = (
    "booking_id bigint, apartment_id bigint, user_id bigint, night date, amount decimal(12,2), "
    "currency string, usd decimal(12,2)"
)


@pytest.mark.parametrize("mart", COLUMNS)
def test_mart_has_exactly_its_columns(world: World, mart: str) -> None:
    assert schema_of(world.build(mart, "2025-01-31")) == COLUMNS[mart]


def test_stay_nights_have_exactly_their_columns(world: World) -> None:
    assert schema_of(world.build("stay_nights", None)) == STAY_NIGHTS
