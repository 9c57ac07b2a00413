"""A projection is what a line and a power law through two measured points say, and nothing else."""

from collections.abc import Callable

import pytest

from benchmarks.scale import projected


@pytest.mark.parametrize(
    ("law", "line", "power"),
    [
        (lambda x: 2 * x, 2000, 2000),  # through nothing, a line is a power law of exponent 1
        (lambda x: 5 + 2 * x, 2005, 17 * (1000 / 6) ** 0.628),  # a fixed part bends it: log2(17 / 11)
        (lambda x: x * x, 9 * 1000 - 18, 1_000_000),  # and what grows with the square is beyond any line
        (lambda x: 0 * x, 0, 0),
    ],
)  # fmt: skip
def test_both_laws_go_through_both_points_and_on(law: Callable[[int], int], line: float, power: float) -> None:
    for x in (3, 6):
        assert projected(3, law(3), 6, law(6), x) == pytest.approx((law(x), law(x)))

    found = projected(3, law(3), 6, law(6), 1000)

    assert found == pytest.approx((line, power), rel=0.01)
