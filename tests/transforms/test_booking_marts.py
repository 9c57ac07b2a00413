"""Places, listings and users by the week of booking (rulings 2, 4, 6, 8, 14, 16)."""

from tests.transforms.worlds import World


def test_equal_places_rank_by_city_and_state_with_the_unknown_last(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-06 2025-02-01 2025-02-02 10 USD confirmed
        2 8 11 2025-01-07 2025-02-01 2025-02-02 10 USD confirmed
        3 9 12 2025-01-08 2025-02-01 2025-02-02 10 USD confirmed
        4 9 99 2025-01-09 2025-02-01 2025-02-02 10 USD confirmed
        5 7 13 2025-01-10 2025-02-01 2025-02-02 10 XXX completed
        6 7 13 2025-01-12T23:59:59 2025-02-01 2025-02-02 10 USD confirmed
        7 7 12 2025-01-10 2025-02-01 2025-02-02 10 USD pending
        """,
        apartment_attributes="""
        10 Salem OR
        11 Salem MA
        12 Bern -
        13 Zug ZG
        """,
    ).rows(
        "popular_locations_weekly",
        "2025-01-31",
        "rank level city state bookings guests revenue_usd rows_without_rate",
    )
    assert found == [
        "1 place Zug ZG 2 1 10.00 1",
        "2 place Bern - 1 1 10.00 0",
        "3 place Salem MA 1 1 10.00 0",
        "4 place Salem OR 1 1 10.00 0",
        "5 place - - 1 1 10.00 0",
    ]


def test_listings_rank_by_revenue_then_bookings_then_number_and_never_exceed_top(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 30 2025-01-06 2025-02-01 2025-02-02 20 USD confirmed
        2 7 20 2025-01-06 2025-02-01 2025-02-02 20 USD confirmed
        3 7 40 2025-01-06 2025-02-01 2025-02-02 10 USD confirmed
        4 7 40 2025-01-06 2025-02-02 2025-02-03 10 USD confirmed
        5 7 50 2025-01-06 2025-02-01 2025-02-02 99 XXX confirmed
        6 7 60 2025-01-06 2025-02-01 2025-02-02 0 USD confirmed
        """
    )
    ranked = found.rows("top_listings_weekly", "2025-01-31", "rank apartment_id revenue_usd")
    assert ranked == ["1 40 20.00", "2 20 20.00", "3 30 20.00", "4 60 0.00", "5 50 -"]
    assert found.rows("top_listings_weekly", "2025-01-31", "rank apartment_id", top=2) == ["1 40", "2 20"]


def test_adr_is_revenue_by_nights_of_the_bookings_that_have_a_rate(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-06 2025-02-01 2025-02-02 100 USD confirmed
        2 7 10 2025-01-06 2025-02-02 2025-02-07 100 USD confirmed
        3 7 10 2025-01-06 2025-02-07 2025-02-09 999 XXX confirmed
        """
    )
    columns = "bookings nights revenue_usd adr_usd rows_without_rate"
    # 200 / 6, which is not the mean of 100 and 20
    assert found.rows("top_listings_weekly", "2025-01-31", columns) == ["3 8 200.00 33.33 1"]


def test_spend_is_zero_without_confirmed_bookings_and_unknown_without_a_rate(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-06 2025-02-01 2025-02-03 100 USD confirmed
        2 7 10 2025-01-06 2025-02-03 2025-02-04 100 XXX completed
        3 7 10 2025-01-06 2025-02-03 2025-02-04 100 USD pending
        4 8 10 2025-01-06 2025-02-03 2025-02-04 100 XXX pending
        5 8 10 2025-01-06 2025-02-03 2025-02-04 100 USD canceled
        6 9 10 2025-01-06 2025-02-03 2025-02-04 100 XXX confirmed
        7 9 10 2025-01-06 2025-02-03 2025-02-04 100 USD confirmed 2025-01-07
        """
    )
    columns = "user_id confirmed_bookings pending_bookings canceled_bookings nights spend_usd rows_without_rate"
    assert found.rows("bookings_per_user_weekly", "2025-01-31", columns) == [
        "7 2 1 0 3 100.00 1",
        "8 0 1 1 0 0.00 0",
        "9 1 0 0 1 - 1",
    ]


def test_bookings_count_in_the_week_of_their_utc_day_up_to_as_of(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2021-01-03T23:59:59 2021-02-01 2021-02-03 100 USD confirmed
        2 7 10 2021-01-04T00:00:00 2021-02-03 2021-02-04 100 USD confirmed
        3 7 10 2021-01-06T00:00:00 2021-02-03 2021-02-04 100 USD confirmed
        """
    )
    columns = "week_start confirmed_bookings is_partial"
    assert found.rows("bookings_per_user_weekly", "2021-01-05", columns) == [
        "2020-12-28 1 False",
        "2021-01-04 1 True",
    ]
