"""From a look to a booking (rulings 3, 5, 13, 15, 16)."""

from tests.transforms.worlds import World

MART = "booking_funnel_weekly"


def test_each_step_counts_users_in_its_week_and_a_booker_has_seen_the_listing(world: World) -> None:
    found = world.given(
        # week 53 of 2020 ends on 3 January 2021
        # 7 books what was seen exactly thirty days before; 8 a second later; 9 another listing than seen; 6 unseen
        bookings="""
        1 7 10 2021-01-04 2021-02-01 2021-02-02 10 USD confirmed
        2 8 10 2021-01-04T00:00:01 2021-02-01 2021-02-02 10 USD completed
        3 9 99 2021-01-04 2021-02-01 2021-02-02 10 USD confirmed
        4 9 10 2021-01-04 2021-02-01 2021-02-02 10 USD pending
        5 - 10 2021-01-05 2021-02-01 2021-02-02 10 USD confirmed
        6 7 10 2021-01-05 2021-02-03 2021-02-04 10 USD confirmed
        """,
        user_viewing="""
        7 10 2020-12-05 true Book_Now
        7 10 2020-12-06 true Contact_Agent
        7 99 2020-12-06 - Shortlisted
        8 10 2020-12-05 false Reported
        9 10 2021-01-03T23:59:59.999 - -
        9 10 2021-01-07 - -
        """,
        apartment_attributes="10 Bern BE",
    )
    columns = "week_start level city views viewers wishers contacters bookers unseen_bookings"
    assert found.rows(MART, "2021-01-06", columns) == [
        "2020-11-30 place - 1 1 0 0 0 0",
        "2020-11-30 place Bern 3 2 1 1 0 0",
        "2020-11-30 total - 4 2 1 1 0 0",
        "2020-12-28 place Bern 1 1 0 0 0 0",
        "2020-12-28 total - 1 1 0 0 0 0",
        "2021-01-04 place - 0 0 0 0 0 1",
        "2021-01-04 place Bern 0 0 0 0 1 2",
        "2021-01-04 total - 0 0 0 0 1 3",
    ]
    rates = "week_start wishlist_rate contact_rate booking_rate is_partial"
    assert found.rows(MART, "2021-01-06", rates, "level = 'total'") == [
        "2020-11-30 0.500000 0.500000 0.000000 False",
        "2020-12-28 0.000000 0.000000 0.000000 False",
        "2021-01-04 - - - True",
    ]
