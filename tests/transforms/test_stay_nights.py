"""Nights of stays, and what each is worth (rulings 1, 2, 11, 12)."""

from tests.transforms.worlds import World


def test_nights_of_a_stay_sum_to_its_price_and_the_last_takes_the_remainder(world: World) -> None:
    found = world.given(
        bookings="1 7 10 2025-01-20 2025-01-30 2025-02-02 100.00 EUR confirmed",
        exchange_rates="EUR 2025-01-20 1.10009",
    ).rows("stay_nights", None, "night amount currency usd")
    # 100.00 EUR is 110.009 = 110.01 USD, converted once; 3 x 33.33 leaves a cent
    assert found == ["2025-01-30 33.33 EUR 36.67", "2025-01-31 33.33 EUR 36.67", "2025-02-01 33.34 EUR 36.67"]


def test_a_price_of_fewer_cents_than_nights_is_paid_on_the_last_night(world: World) -> None:
    found = world.given(bookings="1 7 10 2025-01-20 2025-01-30 2025-02-02 0.02 USD confirmed")
    assert found.rows("stay_nights", None, "amount usd") == ["0.00 0.00", "0.00 0.00", "0.02 0.02"]


def test_only_live_confirmed_and_completed_bookings_have_nights(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-20 2025-01-30 2025-01-31 10 USD confirmed
        2 7 10 2025-01-20 2025-01-30 2025-01-31 10 USD completed
        3 7 10 2025-01-20 2025-01-30 2025-01-31 10 USD pending
        4 7 10 2025-01-20 2025-01-30 2025-01-31 10 USD canceled
        5 7 10 2025-01-20 2025-01-30 2025-01-31 10 USD confirmed 2025-01-21
        """
    )
    assert found.rows("stay_nights", None, "booking_id") == ["1", "2"]


def test_rate_holds_seven_days_and_is_never_guessed(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-17T23:59:59 2025-01-30 2025-01-31 0.01 EUR confirmed
        2 7 10 2025-01-18T00:00:00 2025-01-30 2025-01-31 0.01 EUR confirmed
        3 7 10 2025-01-17 2025-01-30 2025-01-31 9.99 XXX confirmed
        4 7 10 2025-01-17 2025-01-30 2025-01-31 9.99 USD confirmed
        5 7 10 2025-01-09 2025-01-30 2025-01-31 9.99 EUR confirmed
        6 7 10 2025-01-17 2025-01-30 2025-01-31 9.99 GBP confirmed
        """,
        exchange_rates="""
        EUR 2025-01-10 0.5
        USD 2025-01-17 2
        GBP 2025-01-17 1.25 2025-01-18
        """,
    ).rows("stay_nights", None, "booking_id usd")
    # half a cent goes up; no rate: the eighth day, an unknown currency, before the first, a deleted one
    assert found == ["1 0.01", "2 -", "3 -", "4 9.99", "5 -", "6 -"]
