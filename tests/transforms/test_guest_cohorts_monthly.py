"""Guests by the month in which they began (rulings 2, 3, 4, 5)."""

from tests.transforms.worlds import World

MART = "guest_cohorts_monthly"


def test_cohorts_keep_their_guests_and_every_month_since_has_a_row(world: World) -> None:
    found = world.given(
        # user 9 never confirmed; without a user nobody begins; the last is after the day of the question
        bookings="""
        1 7 10 2024-12-31T23:59:59 2025-02-01 2025-02-03 100 USD confirmed
        2 8 10 2024-12-01 2025-02-01 2025-02-03 50 USD completed
        3 7 10 2025-02-28 2025-03-01 2025-03-03 33 XXX confirmed
        4 7 10 2025-02-01 2025-03-01 2025-03-03 33 XXX confirmed
        5 9 10 2025-02-01 2025-03-01 2025-03-03 33 USD pending
        6 9 10 2025-02-02 2025-03-01 2025-03-03 33 USD canceled
        7 - 10 2025-02-02 2025-03-01 2025-03-03 33 USD confirmed
        8 8 10 2025-03-02 2025-03-04 2025-03-05 33 USD confirmed
        """
    )
    columns = (
        "cohort_month months_since size retained retention spend_usd cumulative_spend_usd rows_without_rate is_partial"
    )
    assert found.rows(MART, "2025-03-01", columns) == [
        "2024-12-01 0 2 2 1.000000 150.00 150.00 0 False",
        "2024-12-01 1 2 0 0.000000 0.00 150.00 0 False",
        "2024-12-01 2 2 1 0.500000 - 150.00 2 False",
        "2024-12-01 3 2 0 0.000000 0.00 150.00 2 True",
    ]
