"""What listings and their markets sold (rulings 1, 5, 6, 8, 13, 14, 18, 19)."""

from tests.transforms.worlds import World

MARKET, LISTING = "market_performance_monthly", "listing_performance_monthly"
# 10 is on offer from 1 January 2024, and never in February 2025; 99 was never seen
SOLD = {
    "bookings": """
    1 7 10 2024-01-02 2024-01-30 2024-02-02 300 USD confirmed
    2 8 10 2024-01-02 2024-01-31 2024-02-01 80 USD completed
    3 7 10 2024-12-28 2025-01-30 2025-02-02 300 USD confirmed
    4 8 10 2024-12-30 2025-01-31 2025-02-01 999 XXX completed
    5 8 10 2025-01-31 2025-01-30 2025-01-31 20 USD confirmed
    6 9 99 2025-01-31 2025-02-27 2025-03-02 30 USD confirmed
    7 9 10 2025-01-31 2025-03-01 2025-03-02 30 USD canceled
    8 9 10 2025-01-31 2025-03-01 2025-03-02 30 USD pending
    9 9 10 2025-01-31 2025-03-01 2025-03-02 30 USD -
    10 9 10 2025-03-01 2025-02-01 2025-02-02 30 USD confirmed
    """,
    "apartments_history": """
    10 2024-01-01 2024-01-01 2025-02-01 100 USD true 1
    10 2024-01-01 2025-02-01 - 100 USD false 2
    """,
    "apartment_attributes": "10 Bern BE",
}


def test_nights_count_in_their_month_and_the_daily_rate_is_of_those_with_a_rate(world: World) -> None:
    columns = "month_start level city nights available_nights revenue_usd adr_usd revpar_usd rows_without_rate"
    found = world.given(**SOLD).rows(MARKET, "2025-02-28", columns, "nights > 0 AND level = 'place'")
    # January 2024: 3 nights for 280; January 2025: 4 nights, 3 of them for 220
    assert found == [
        "2024-01-01 place Bern 3 31 280.00 93.33 9.03 0",
        "2024-02-01 place Bern 1 29 100.00 100.00 3.45 0",
        "2025-01-01 place Bern 4 31 220.00 73.33 7.10 1",
        "2025-02-01 place - 2 0 20.00 10.00 - 0",
        "2025-02-01 place Bern 1 0 100.00 100.00 - 0",
    ]


def test_stays_count_by_check_in_and_cancellations_by_cohort(world: World) -> None:
    columns = "month_start live_listings stays mean_stay_nights mean_lead_days median_lead_days"
    cohort = "bookings confirmed_bookings canceled_bookings cancellation_rate"
    where = "level = 'total' AND month_start >= '2024-12-01'"
    # January: leads of 33, 32 and, booked after the check-in, 0 days; the booking without a status is none
    assert world.given(**SOLD).rows(MARKET, "2025-02-28", f"{columns} {cohort}", where) == [
        "2024-12-01 1 0 - - - 2 2 0 0.000000",
        "2025-01-01 1 3 1.67 21.67 32.00 4 2 1 0.250000",
        "2025-02-01 0 1 3.00 27.00 27.00 0 0 0 -",
    ]


def test_a_month_is_compared_with_that_of_the_year_before_once_it_is_whole(world: World) -> None:
    columns = "month_start level city nights_yoy revenue_yoy is_partial"
    where = "month_start >= '2025-01-01'"
    assert world.given(**SOLD).rows(MARKET, "2025-02-28", columns, where) == [
        "2025-01-01 place - - - False",
        "2025-01-01 place Bern 0.333333 -0.214286 False",
        "2025-01-01 total - 0.333333 -0.214286 False",
        "2025-02-01 place - - - False",
        "2025-02-01 place Bern 0.000000 0.000000 False",
        "2025-02-01 total - 2.000000 0.200000 False",
    ]
    unfinished = "level = 'total' AND month_start = '2025-02-01'"
    assert world.given(**SOLD).rows(MARKET, "2025-02-27", columns, unfinished) == ["2025-02-01 total - - - True"]


def test_listings_rank_in_their_place_and_convert_in_the_month_of_the_look(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-31T12:00:00 2025-01-30 2025-01-31 100 USD confirmed
        2 8 11 2025-01-01 2025-01-30 2025-01-31 100 USD confirmed
        3 8 11 2025-01-01 2025-02-01 2025-02-02 100 USD completed
        4 9 12 2025-01-01 2025-01-30 2025-01-31 100 XXX confirmed
        5 9 20 2025-01-01 2025-02-01 2025-02-02 100 USD confirmed
        6 5 10 2025-01-31 2025-02-01 2025-02-02 100 USD pending
        7 4 10 2025-02-04T12:00:01 2025-03-01 2025-03-02 100 USD confirmed
        """,
        user_viewing="""
        7 10 2025-01-31T12:00:00 true Book_Now
        7 10 2025-01-30T12:00:00 true Reported
        8 10 2025-01-31 - -
        5 10 2025-01-31 false Contact_Agent
        4 10 2025-01-05T12:00:00 false -
        9 13 2025-01-01 false -
        9 13 2025-01-01T01:00:00 false - 2025-01-02
        """,
        apartment_attributes="10 Bern BE\n11 Bern BE\n12 Bern BE\n13 Bern BE\n20 Zug ZG",
    )
    columns = "rank apartment_id city revenue_usd confirmed_bookings views viewers wishlists bookers conversion"
    # 4 books a second more than thirty days after the look; 5 is pending; 8 never booked
    assert found.rows(LISTING, "2025-02-28", columns, "month_start = '2025-01-01'") == [
        "1 11 Bern 100.00 2 0 0 0 0 -",
        "1 20 Zug 0.00 1 0 0 0 0 -",
        "2 10 Bern 100.00 1 5 4 2 1 0.250000",
        "3 13 Bern 0.00 0 1 1 0 0 0.000000",
        "4 12 Bern - 1 0 0 0 0 -",
    ]
