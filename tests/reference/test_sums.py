"""The sums that must agree across marts do, and a mart that says one more is found."""

from datetime import date

import pytest

from tests.reference import MARTS
from tests.reference.sums import disagreements
from tests.reference.worlds import world

DAY = date(2024, 2, 29)
MEASURES = {
    "average_booking_duration_weekly": "stays",
    "average_listing_price_weekly": "listings",
    "booking_funnel_weekly": "unseen_bookings",
    "bookings_per_user_weekly": "confirmed_bookings",
    "cancellations_monthly": "cancellations",
    "gross_booking_value_daily": "bookings",
    "guest_cohorts_monthly": "size",
    "listing_performance_monthly": "nights",
    "market_performance_monthly": "nights",
    "occupancy_rate_monthly": "double_booked_nights",
    "popular_locations_weekly": "bookings",
    "price_index_monthly": "listings",
    "supply_monthly": "listings",
}


def marts():
    """Two listings, one night of them double-booked, and a booking canceled."""
    flats = "| id |\n| 1 |\n| 3 |"
    bookings = """
        | booking_id | user_id | apartment_id | checkin_date | checkout_date | booking_status |
        | 1          | 7       | 1            | 2024-01-30   | 2024-02-02    | confirmed      |
        | 2          | 8       | 1            | 2024-02-01   | 2024-02-03    | completed      |
        | 3          | 8       | 3            | 2024-02-01   | 2024-02-02    | canceled       |
        | 4          | 9       | 99           | 2024-02-10   | 2024-02-11    | confirmed      |
    """
    found = world(apartments=flats, bookings=bookings)
    return {name: mart(found, DAY) for name, mart in MARTS.items()}


@pytest.mark.parametrize("name", MEASURES)
def test_a_mart_that_says_one_more_disagrees_with_another(name):
    true = marts()
    assert disagreements(true) == {}
    first, *others = true[name]
    measure = MEASURES[name]

    assert disagreements(true | {name: [first | {measure: first[measure] + 1}, *others]})


def test_every_mart_whose_sums_can_agree_with_another_is_held_to_it():
    ranked_or_rolling = {"top_listings_weekly", "repeat_customer_rate_daily"}
    assert MARTS.keys() - MEASURES.keys() == ranked_or_rolling
