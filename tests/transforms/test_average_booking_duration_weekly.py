"""How long stays are, by the week of check-in (rulings 3, 14, 19)."""

from tests.transforms.worlds import World

MART = "average_booking_duration_weekly"


def test_quantiles_are_the_mean_of_the_middle_two_and_the_nearest_rank(world: World) -> None:
    lines = [f"{n} 7 10 2025-01-01 2025-01-06 2025-01-{6 + n:02} 10 USD confirmed" for n in range(1, 11)]
    found = world.given(bookings="\n".join(lines), apartment_attributes="10 Bern BE")
    columns = "level city stays mean_nights median_nights p90_nights"
    assert found.rows(MART, "2025-01-31", columns) == [
        "place Bern 10 5.50 5.50 9",
        "total - 10 5.50 5.50 9",
    ]


def test_stay_counts_whole_in_the_week_of_its_check_in(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2020-12-01 2021-01-03 2021-01-13 10 USD confirmed
        2 7 10 2020-12-01 2021-01-04 2021-01-05 10 USD completed
        3 7 10 2020-12-01 2021-01-06 2021-01-08 10 USD confirmed
        4 7 10 2020-12-01 2021-01-04 2021-01-08 10 USD pending
        """
    )
    # week 53 ends on Sunday, 3 January 2021; booking 3 has not begun on the fifth
    columns = "week_start stays mean_nights p90_nights is_partial"
    assert found.rows(MART, "2021-01-05", columns, "level = 'total'") == [
        "2020-12-28 1 10.00 10 False",
        "2021-01-04 1 1.00 1 True",
    ]
