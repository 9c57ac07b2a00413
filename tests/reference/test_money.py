from datetime import date
from decimal import Decimal

import pytest

from tests.reference.money import Rates, known_sum, mean, median, ratio, spread
from tests.reference.worlds import world

RATES = """
    | currency | rate_date  | usd_per_unit |
    | EUR      | 2024-01-01 | 1.10000000   |
    | EUR      | 2024-01-05 | 1.20000000   |
    | GBP      | 2024-01-01 | 0.00000000   |
    | JPY      | 2024-01-01 | 0.00500000   |
"""


@pytest.mark.parametrize(
    ("currency", "day", "rate", "reason"),
    [
        ("EUR", date(2024, 1, 1), "1.1", "the day's own"),
        ("EUR", date(2024, 1, 4), "1.1", "the latest before"),
        ("EUR", date(2024, 1, 12), "1.2", "7 days old is good"),
        ("EUR", date(2024, 1, 13), None, "8 days old is none"),
        ("EUR", date(2023, 12, 31), None, "no later one is taken"),
        ("USD", date(1999, 1, 1), "1", "the dollar needs no row"),
        ("XXX", date(2024, 1, 1), None, "unknown currency"),
        ("GBP", date(2024, 1, 1), None, "a rejected row is no rate"),
        (None, date(2024, 1, 1), None, "no currency"),
    ],
)
def test_the_rate_is_the_days_or_at_most_a_week_older(currency, day, rate, reason):
    expected = None if rate is None else Decimal(rate)
    assert Rates(world(rates=RATES)).on(currency, day) == expected, reason


def test_dollars_are_rounded_half_up_to_cents():
    rates = Rates(world(rates=RATES))
    assert str(rates.usd(Decimal("101.00"), "JPY", date(2024, 1, 1))) == "0.51"
    assert str(rates.usd(Decimal("100.99"), "JPY", date(2024, 1, 1))) == "0.50"


def test_a_product_of_thirty_digits_is_not_rounded_twice():
    """The product ends in .0949999999: 28 digits of it would be .095, and that 10 cents."""
    rates = """
        | currency | rate_date  | usd_per_unit        |
        | KWD      | 2024-01-01 | 1234567890.50000001 |
    """
    assert (
        str(Rates(world(rates=rates)).usd(Decimal("9999999999.99"), "KWD", date(2024, 1, 1)))
        == "12345678904987654421.09"
    )


@pytest.mark.parametrize(
    ("amount", "nights", "shares"),
    [
        ("100.00", 3, ["33.33", "33.33", "33.34"]),
        ("200.00", 3, ["66.66", "66.66", "66.68"]),
        ("0.02", 3, ["0.00", "0.00", "0.02"]),
        ("7.10", 1, ["7.10"]),
    ],
)
def test_cents_are_spread_evenly_and_the_last_night_takes_the_rest(amount, nights, shares):
    assert [str(share) for share in spread(Decimal(amount), nights)] == shares


def test_a_sum_is_zero_of_nothing_and_unknown_when_no_amount_is_known():
    assert str(known_sum([])) == "0.00"
    assert known_sum([None, None]) is None
    assert str(known_sum([None, Decimal("1.50")])) == "1.50"


def test_means_and_medians_are_rounded_half_up_from_exact_values():
    assert str(mean([1, 2, 2, 2, 2, 2, 2, 2])) == "1.88"
    assert str(median([Decimal("0.01"), Decimal("0.02")])) == "0.02"
    assert str(median([5, 1, 3])) == "3.00"


def test_a_share_of_nothing_is_unknown():
    assert ratio(1, 0, 6) is None
