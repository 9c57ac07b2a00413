"""Booked nights by nights on offer (rulings 9, 12, 14, 15, 17, 18)."""

from tests.transforms.worlds import World

MART = "occupancy_rate_monthly"
TOTAL, PLACES = "level = 'total'", "level = 'place'"
ON_OFFER = "10 2025-01-01 2025-01-01 - 100 USD true 1"


def test_each_night_counts_in_its_own_month(world: World) -> None:
    found = world.given(
        bookings="1 7 10 2025-01-20 2025-01-30 2025-02-02 90 USD confirmed", apartments_history=ON_OFFER
    )
    columns = "month_start booked_nights available_nights occupancy_rate is_partial"
    assert found.rows(MART, "2025-02-28", columns, TOTAL) == [
        "2025-01-01 2 31 0.064516 False",
        "2025-02-01 1 28 0.035714 False",
    ]


def test_double_booked_night_counts_once_and_is_shown(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-02 2025-01-10 2025-01-13 90 USD confirmed
        2 8 10 2025-01-02 2025-01-12 2025-01-14 90 USD completed
        """,
        apartments_history=ON_OFFER,
    )
    assert found.rows(MART, "2025-01-31", "booked_nights double_booked_nights", TOTAL) == ["4 1"]


def test_inactive_days_are_no_supply_and_a_night_on_them_is_beyond_it(world: World) -> None:
    found = world.given(
        bookings="1 7 10 2025-01-02 2025-01-10 2025-01-12 90 USD confirmed",
        apartments_history="""
        10 2025-01-01 2025-01-01 2025-01-11T09:00 100 USD true 1
        10 2025-01-01 2025-01-11T09:00 2025-01-21T23:59 100 USD false 2
        10 2025-01-01 2025-01-21T23:59 - 100 USD true 3
        """,
    )
    # on offer at the end of 1-10 and 21-31 January; the night of the 11th is not
    columns = "available_nights booked_nights booked_beyond_supply"
    assert found.rows(MART, "2025-01-31", columns, TOTAL) == ["21 2 1"]


def test_before_the_first_version_the_first_is_assumed_from_creation_on(world: World) -> None:
    found = world.given(apartments_history="10 2025-01-05 2025-01-11 - 100 USD true 1")
    assert found.rows(MART, "2025-01-31", "available_nights assumed_nights", TOTAL) == ["27 6"]


def test_version_that_does_not_see_the_end_of_a_day_does_not_count(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2025-01-01 2025-01-01 2025-01-11 100 USD true 1
        10 2025-01-01 2025-01-11 2025-01-11 100 USD false 2
        10 2025-01-01 2025-01-11 2025-01-15T08:00 100 USD true 3
        10 2025-01-01 2025-01-15T08:00 2025-01-15T20:00 100 USD false 4
        10 2025-01-01 2025-01-15T20:00 - 100 USD true 5
        """
    )
    assert found.rows(MART, "2025-01-31", "available_nights assumed_nights", TOTAL) == ["31 0"]


def test_deleted_listing_is_off_from_that_day_and_keeps_its_bookings_and_place(world: World) -> None:
    found = world.given(
        bookings="1 7 10 2025-01-02 2025-01-05 2025-01-07 90 USD confirmed",
        apartments_history="10 2025-01-01 2025-01-01 2025-01-11T12:00 100 USD true 1",
        apartment_attributes="10 Basel BS 2025-01-11T12:00",
    )
    columns = "city state booked_nights available_nights occupancy_rate"
    assert found.rows(MART, "2025-02-28", columns, PLACES) == ["Basel BS 2 10 0.200000"]


def test_unfinished_month_counts_days_up_to_as_of_on_both_sides(world: World) -> None:
    found = world.given(
        bookings="""
        1 7 10 2025-01-02 2025-01-09 2025-01-20 90 USD confirmed
        2 8 10 2025-01-11 2025-01-05 2025-01-07 90 USD confirmed
        """,
        apartments_history=ON_OFFER,
    )
    # booking 2 was entered after the tenth
    columns = "month_start booked_nights available_nights is_partial"
    assert found.rows(MART, "2025-01-10", columns, TOTAL) == ["2025-01-01 2 10 True"]


def test_unknown_listing_has_no_place_no_rate_and_is_no_total(world: World) -> None:
    found = world.given(bookings="1 7 99 2025-01-02 2025-01-09 2025-01-11 90 USD confirmed")
    columns = "level city state booked_nights available_nights occupancy_rate booked_beyond_supply"
    assert found.rows(MART, "2025-01-31", columns) == ["place - - 2 0 - 2", "total - - 2 0 - 2"]
