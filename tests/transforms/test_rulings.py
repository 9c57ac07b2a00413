"""Every ruling on every mart that it touches: by a page of rows in `rulings`, or by a test of the mart's own."""

import pytest

from tests.transforms.ruling_table import CASES, FILE, MARTS, OWN, PAGES, UNTOUCHED, page
from tests.transforms.worlds import World


@pytest.mark.parametrize(("ruling", "mart"), CASES)
def test_a_ruling_holds_in_a_mart(world: World, ruling: str, mart: str) -> None:
    rows = PAGES[ruling]
    columns, where, expected = rows.expected(mart)
    day = None if mart == "stay_nights" else rows.days.get(mart, rows.as_of)

    assert world.given(**rows.given).rows(mart, day, columns, where) == expected


@pytest.mark.parametrize("mart", ["stay_nights", "guest_cohorts_monthly", "top_listings_weekly"])
def test_a_rate_that_held_a_day_longer_would_be_found(world: World, monkeypatch: pytest.MonkeyPatch, mart: str) -> None:
    monkeypatch.setattr("transforms.money.RATE_HOLDS_DAYS", 8)
    with pytest.raises(AssertionError):
        test_a_ruling_holds_in_a_mart(world, "rate_missing_on_the_day", mart)


@pytest.mark.parametrize("mart", ["stay_nights", "occupancy_rate_monthly", "repeat_customer_rate_daily"])
def test_a_canceled_booking_that_counted_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch, mart: str
) -> None:
    monkeypatch.setattr("transforms.stays.is_confirmed", lambda status: status.isNotNull())
    with pytest.raises(AssertionError):
        test_a_ruling_holds_in_a_mart(world, "canceled_then_confirmed", mart)


@pytest.mark.parametrize("ruling", UNTOUCHED)
def test_a_ruling_is_tested_in_every_mart_that_it_touches(ruling: str) -> None:
    tested = {mart for name, mart in CASES if name == ruling} | {*OWN.get(ruling, {})}

    assert PAGES.keys() | OWN.keys() == UNTOUCHED.keys()
    assert tested == MARTS - UNTOUCHED[ruling]


def test_the_page_of_rulings_is_made_from_the_tests() -> None:
    assert FILE.read_text("utf-8") == page(), "run `python -m tests.transforms.ruling_table`"
