"""Listings that stand, come and go (rulings 9, 12, 14, 15, 17)."""

from tests.transforms.worlds import World

MART = "supply_monthly"
COLUMNS = "month_start level city listings created activated deactivated assumed_listings is_partial"


def test_listings_stand_at_the_end_of_a_month_and_come_and_go_within_it(world: World) -> None:
    found = world.given(
        # 10 is dearer on the fifth, which is no coming, and off from the 11th to the 20th
        # 11 is made on the last day of January, known from March, and found deleted on 1 April
        # 12 was never on offer
        apartments_history="""
        10 2025-01-01 2025-01-01 2025-01-05 100 USD true 1
        10 2025-01-01 2025-01-05 2025-01-11 120 USD true 2
        10 2025-01-01 2025-01-11 2025-01-21 120 USD false 3
        10 2025-01-01 2025-01-21 - 120 USD true 4
        11 2025-01-31 2025-03-01 2025-04-01T08:00 100 USD true 5
        12 2025-02-03 2025-02-03 - 100 USD false 6
        """,
        apartment_attributes="11 Bern BE",
    )
    assert found.rows(MART, "2025-04-29", COLUMNS) == [
        "2025-01-01 place - 1 1 2 1 0 False",
        "2025-01-01 place Bern 1 1 1 0 1 False",
        "2025-01-01 total - 2 2 3 1 1 False",
        "2025-02-01 place - 1 1 0 0 0 False",
        "2025-02-01 place Bern 1 0 0 0 1 False",
        "2025-02-01 total - 2 1 0 0 1 False",
        "2025-03-01 place - 1 0 0 0 0 False",
        "2025-03-01 place Bern 1 0 0 0 0 False",
        "2025-03-01 total - 2 0 0 0 0 False",
        "2025-04-01 place - 1 0 0 0 0 True",
        "2025-04-01 place Bern 0 0 0 1 0 True",
        "2025-04-01 total - 1 0 0 1 0 True",
    ]


def test_what_happens_after_as_of_is_not_known(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2025-01-01 2025-01-01 2025-01-11 100 USD true 1
        10 2025-01-01 2025-01-11 - 100 USD false 2
        11 2025-01-12 2025-01-12 - 100 USD true 3
        """
    )
    assert found.rows(MART, "2025-01-10", COLUMNS, "level = 'total'") == ["2025-01-01 total - 1 1 1 0 0 True"]


def test_a_listing_whose_creation_was_corrected_on_its_first_day_is_made_on_the_corrected_one(world: World) -> None:
    found = world.given(
        # both versions are of 3 January; the last one says when the listing was made
        apartments_history="""
        10 2025-01-02 2025-01-03T09:30 2025-01-03T20:00 100 USD false 1
        10 2025-02-05 2025-01-03T20:00 - 100 USD false 2
        """
    )
    assert found.rows(MART, "2025-02-28", "month_start created", "level = 'total'") == ["2025-02-01 1"]
