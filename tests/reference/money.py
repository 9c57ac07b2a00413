"""Exact amounts: rates, sums, means, shares and the spreading of cents. Never a float."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from tests.reference.world import World

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
CENT = Decimal("0.01")
MAX_RATE_AGE_DAYS = 7


class Rates:
    """The dollar rates in force: the live, clean rows of the last state."""

    def __init__(self, world: World) -> None:
        self._rates: dict[tuple[str, date], Decimal] = {
            (row["currency"], row["rate_date"]): row["usd_per_unit"]
            for row in world.live("exchange_rates")
            if row["usd_per_unit"] is not None
        }

    def on(self, currency: str | None, day: date | None) -> Decimal | None:
        """The day's rate, or the latest one at most 7 days older; the dollar is always 1."""
        if currency == "USD":
            return Decimal(1)
        if currency is None or day is None:
            return None
        for age in range(MAX_RATE_AGE_DAYS + 1):
            rate = self._rates.get((currency, day - timedelta(days=age)))
            if rate is not None:
                return rate
        return None

    def usd(self, price: Decimal | None, currency: str | None, day: date | None) -> Decimal | None:
        """The price in dollars, rounded half-up to cents; None without a price or a rate."""
        rate = self.on(currency, day)
        return None if price is None or rate is None else rounded(EXACT.multiply(price, rate), 2)


def rounded(value: Decimal | int, places: int) -> Decimal:
    """The value with exactly that many decimal places, half rounded up."""
    return EXACT.quantize(Decimal(value), Decimal(1).scaleb(-places))


def ratio(part: Decimal | int, whole: Decimal | int, places: int) -> Decimal | None:
    """part / whole; None when the whole is 0."""
    return rounded(EXACT.divide(Decimal(part), Decimal(whole)), places) if whole else None


def known_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the known amounts: 0.00 of no amounts at all, None when there are some but none is known."""
    amounts = list(amounts)
    known = [amount for amount in amounts if amount is not None]
    if amounts and not known:
        return None
    return rounded(sum(known, Decimal(0)), 2)


def mean(values: list[Decimal] | list[int]) -> Decimal | None:
    """The mean to 2 places; None of nothing."""
    return ratio(sum(values), len(values), 2)


def median(values: list[Decimal] | list[int]) -> Decimal | None:
    """The middle value, or the mean of the middle two, to 2 places; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ratio(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2, 2)


def spread(amount: Decimal, nights: int) -> list[Decimal]:
    """The amount in equal whole cents per night, rounded down; the last night takes what is left."""
    each = (amount / nights).quantize(CENT, rounding=ROUND_DOWN)
    return [each] * (nights - 1) + [amount - each * (nights - 1)]
