"""How asking prices moved (rulings 4, 11, 15, 17, 19)."""

from tests.transforms.worlds import World

MART = "price_index_monthly"
COLUMNS = "month_start level city listings matched_listings price_ratio price_index rows_without_rate is_partial"


def test_index_chains_the_geometric_mean_of_matched_listings(world: World) -> None:
    found = world.given(
        # 10 doubles and 11 halves; then 10 rises by 1.21; 12 comes in February and has no rate; 13 asks nothing
        # at first; 14 is off the market in February
        apartments_history="""
        10 2025-01-01 2025-01-01 2025-02-01 100 USD true 1
        10 2025-01-01 2025-02-01 2025-03-31T23:59 200 USD true 2
        10 2025-01-01 2025-03-31T23:59 - 242 USD true 3
        11 2025-01-01 2025-01-01 2025-02-01 100 USD true 4
        11 2025-01-01 2025-02-01 - 50 USD true 5
        12 2025-02-01 2025-02-01 - 50 XXX true 6
        13 2025-01-01 2025-01-01 2025-02-01 0 USD true 7
        13 2025-01-01 2025-02-01 - 9 USD true 8
        14 2025-01-01 2025-01-01 2025-02-01 7 USD true 9
        14 2025-01-01 2025-02-01 2025-03-01 7 USD false 10
        14 2025-01-01 2025-03-01 - 70 USD true 11
        """,
        apartment_attributes="12 Bern BE",
    )
    total = "level = 'total' OR city IS NOT NULL"
    # March: 1.21 of 10, nothing of 11 and 13: the cubic root of 1.21
    assert found.rows(MART, "2025-03-31", COLUMNS, total) == [
        "2025-01-01 total - 4 0 - 100.0000 0 False",
        "2025-02-01 place Bern 1 0 - 100.0000 1 False",
        "2025-02-01 total - 4 2 1.000000 100.0000 1 False",
        "2025-03-01 place Bern 1 0 - 100.0000 1 False",
        "2025-03-01 total - 5 3 1.065602 106.5602 1 False",
    ]


def test_ties_are_rounded_up_and_a_month_without_listings_breaks_the_match_and_not_the_index(world: World) -> None:
    found = world.given(
        apartments_history="""
        10 2024-12-31 2024-12-31 2025-01-01 20000.00 USD true 1
        10 2024-12-31 2025-01-01 2025-02-01 20000.01 USD true 2
        10 2024-12-31 2025-02-01 2025-03-01 20000.01 USD false 3
        10 2024-12-31 2025-03-01 - 90000 USD true 4
        """
    )
    columns = "month_start matched_listings price_ratio price_index is_partial"
    assert found.rows(MART, "2025-03-30", columns, "level = 'total'") == [
        "2024-12-01 0 - 100.0000 False",
        "2025-01-01 1 1.000001 100.0001 False",
        "2025-03-01 0 - 100.0001 True",
    ]
