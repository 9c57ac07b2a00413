"""Users who came back within thirty days (rulings 5 and 14)."""

from tests.transforms.worlds import World

MART = "repeat_customer_rate_daily"
COLUMNS = "day users repeat_users repeat_rate"


def test_window_rolls_by_thirty_days(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-01 2025-02-01 2025-02-03 10 USD confirmed
        2 7 10 2025-01-30 2025-02-03 2025-02-04 10 USD completed
        3 8 10 2025-01-02 2025-02-03 2025-02-04 10 USD confirmed
        4 9 10 2025-01-31 2025-02-03 2025-02-04 10 USD confirmed
        5 9 10 2025-01-31 2025-02-03 2025-02-04 10 USD pending
        """
    )
    assert found.rows(MART, "2025-02-01", COLUMNS, "day >= '2025-01-29'") == [
        "2025-01-29 2 0 0.000000",
        "2025-01-30 2 1 0.500000",
        "2025-01-31 3 0 0.000000",
        "2025-02-01 2 0 0.000000",
    ]


def test_two_bookings_of_one_day_repeat_and_thirds_are_rounded(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-01 2025-02-01 2025-02-03 10 USD confirmed
        2 7 10 2025-01-01 2025-02-03 2025-02-04 10 USD confirmed
        3 7 10 2025-01-01 2025-02-04 2025-02-05 10 USD confirmed
        4 8 10 2025-01-01 2025-02-03 2025-02-04 10 USD confirmed
        5 8 10 2025-01-01 2025-02-03 2025-02-04 10 USD confirmed
        6 9 10 2025-01-01 2025-02-03 2025-02-04 10 USD confirmed
        """
    )
    assert found.rows(MART, "2025-01-01", COLUMNS) == ["2025-01-01 3 2 0.666667"]


def test_every_day_from_the_first_booking_of_any_state_has_a_row(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2024-12-31 2025-02-01 2025-02-03 10 USD confirmed 2025-01-09
        2 7 10 2025-01-01 2025-02-01 2025-02-03 10 USD pending
        3 7 10 2025-01-03 2025-02-01 2025-02-03 10 USD confirmed
        """
    )
    assert found.rows(MART, "2025-01-03", COLUMNS) == [
        "2025-01-01 0 0 -",
        "2025-01-02 0 0 -",
        "2025-01-03 1 0 0.000000",
    ]


def test_first_29_days_are_partial(world: World) -> None:
    found = world.given(bookings="1 7 10 2025-01-01 2025-02-01 2025-02-03 10 USD confirmed")
    partial = found.rows(MART, "2025-02-05", "day", "is_partial")
    assert (len(partial), partial[0], partial[-1]) == (29, "2025-01-01", "2025-01-29")


def test_no_booking_means_no_day(world: World) -> None:
    assert world.rows(MART, "2025-02-05", "day") == []
