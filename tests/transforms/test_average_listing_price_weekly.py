"""What listings on offer in a week ask (rulings 3, 4, 9, 17, 19)."""

from tests.transforms.worlds import World

MART = "average_listing_price_weekly"
TOTAL = "level = 'total'"


def test_week_53_and_week_1_are_keyed_by_their_monday(world: World) -> None:
    found = world.given(apartments_history="10 2021-01-03 2021-01-03 - 100 USD true 1")
    columns = "week_start listings new_listings mean_price_usd is_partial"
    assert found.rows(MART, "2021-01-09", columns, TOTAL) == [
        "2020-12-28 1 1 100.00 False",
        "2021-01-04 1 0 100.00 True",
    ]


def test_price_is_that_of_the_last_version_of_the_week_active_or_not(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2025-01-06 2025-01-06 2025-01-08 100 USD true 1
        10 2025-01-06 2025-01-08 - 120 USD false 2
        """
    )
    # in the second week the listing is on offer on no day
    assert found.rows(MART, "2025-01-19", "week_start mean_price_usd", TOTAL) == ["2025-01-06 120.00"]


def test_price_of_a_listing_deleted_in_the_week_is_the_last_it_asked(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2025-01-06 2025-01-06 2025-01-07 100 USD true 1
        10 2025-01-06 2025-01-07 2025-01-09 130 USD true 2
        """
    )
    assert found.rows(MART, "2025-01-19", "week_start mean_price_usd", TOTAL) == ["2025-01-06 130.00"]


def test_later_of_two_versions_of_one_time_counts(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2025-01-06 2025-01-06 2025-01-06 100 USD true 1
        10 2025-01-06 2025-01-06 - 90 USD true 2
        """
    )
    assert found.rows(MART, "2025-01-12", "listings mean_price_usd", TOTAL) == ["1 90.00"]


def test_median_is_the_mean_of_the_middle_two_rounded_half_up(world: World) -> None:
    found = world.given(
        apartments_history="""
        1 2025-01-06 2025-01-06 - 1.00 USD true 1
        2 2025-01-06 2025-01-06 - 2.00 USD true 2
        3 2025-01-06 2025-01-06 - 2.01 USD true 3
        4 2025-01-06 2025-01-06 - 9.01 USD true 4
        """
    )
    # the mean is 3.505, the median 2.005
    assert found.rows(MART, "2025-01-12", "mean_price_usd median_price_usd", TOTAL) == ["3.51 2.01"]


def test_rate_is_that_of_the_last_day_counted(world: World) -> None:
    found = world.given(
        apartments_history="10 2025-01-06 2025-01-06 - 100 EUR true 1",
        exchange_rates="""
        EUR 2025-01-08 1.10
        EUR 2025-01-12 1.20
        EUR 2025-01-13 1.30
        """,
    )
    assert found.rows(MART, "2025-01-12", "mean_price_usd", TOTAL) == ["120.00"]
    assert found.rows(MART, "2025-01-11", "mean_price_usd", TOTAL) == ["110.00"]


def test_listing_without_rate_is_counted_and_left_out_of_the_mean(world: World) -> None:
    found = world.given(
        apartments_history="""
        1 2025-01-06 2025-01-06 - 100 USD true 1
        2 2025-01-06 2025-01-06 - 900 XXX true 2
        """,
        apartment_attributes="2 Bern BE",
    )
    columns = "level city listings mean_price_usd median_price_usd rows_without_rate"
    assert found.rows(MART, "2025-01-12", columns) == [
        "place - 1 100.00 100.00 0",
        "place Bern 1 - - 1",
        "total - 2 100.00 100.00 1",
    ]


def test_assumed_price_is_counted_as_such_until_it_is_known(world: World) -> None:
    found = world.given(apartments_history="10 2025-01-06 2025-01-14 - 100 USD true 1")
    assert found.rows(MART, "2025-01-19", "week_start assumed_listings", TOTAL) == [
        "2025-01-06 1",
        "2025-01-13 0",
    ]
