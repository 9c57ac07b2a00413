from datetime import date

from tests.reference import price_index_monthly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render

FLATS = """
    | id | price | currency | is_active | listing_created_on | last_modified_timestamp |
"""


def priced(*states):
    """The world after each state of the listings: a time, then number, price, currency and state of each."""
    return seen(
        *(
            (at, source(apartments=FLATS + "\n".join(f"| {row} | 2024-01-01 | {at} |" for row in rows)))
            for at, *rows in states
        )
    )


def totals(mart):
    return [row for row in mart if row["level"] == "total"]


def test_the_index_chains_the_geometric_mean_of_the_ratios_of_the_same_listings():
    """Doubled and halved is unchanged; then 1.21 and 1.00: the root of 1.21 is 1.1. The mean would be 1.105."""
    expected = """
        | month_start | listings | matched_listings | price_ratio | price_index |
        | 2024-01-01  | 2        | 0                |             | 100.0000    |
        | 2024-02-01  | 2        | 2                | 1.000000    | 100.0000    |
        | 2024-03-01  | 2        | 2                | 1.100000    | 110.0000    |
    """
    world = priced(
        ("2024-01-01", "1 | 100.00 | USD | 1", "2 | 100.00 | USD | 1"),
        ("2024-02-01", "1 | 200.00 | USD | 1", "2 | 50.00 | USD | 1"),
        ("2024-03-01", "1 | 242.00 | USD | 1", "2 | 50.00 | USD | 1"),
    )
    assert render(totals(price_index_monthly(world, date(2024, 3, 31))), expected) == lines(expected)


def test_a_listing_that_comes_or_goes_does_not_move_the_index_and_no_match_leaves_it():
    """2 comes in February, dear; 1 leaves in March: nothing of March was there in February but 2, unchanged."""
    expected = """
        | month_start | listings | matched_listings | price_ratio | price_index |
        | 2024-01-01  | 1        | 0                |             | 100.0000    |
        | 2024-02-01  | 2        | 1                | 1.500000    | 150.0000    |
        | 2024-03-01  | 1        | 1                | 1.000000    | 150.0000    |
    """
    flats = """
        | id | price  | listing_created_on | is_active | last_modified_timestamp |
        | 1  | 100.00 | 2024-01-01         | 1         | 2024-01-01              |
    """
    more = """
        | id | price  | listing_created_on | is_active | last_modified_timestamp |
        | 1  | 150.00 | 2024-01-01         | {}        | {}                      |
        | 2  | 900.00 | 2024-02-03         | 1         | 2024-02-03              |
    """
    world = seen(
        ("2024-01-02", source(apartments=flats)),
        ("2024-02-04", source(apartments=more.format(1, "2024-02-02"))),
        ("2024-03-01", source(apartments=more.format(0, "2024-03-01"))),
    )
    assert render(totals(price_index_monthly(world, date(2024, 3, 31))), expected) == lines(expected)


def test_a_month_off_the_market_breaks_the_match():
    expected = """
        | month_start | matched_listings | price_ratio | price_index |
        | 2024-01-01  | 0                |             | 100.0000    |
        | 2024-03-01  | 0                |             | 100.0000    |
    """
    world = priced(
        ("2024-01-01", "1 | 100.00 | USD | 1"),
        ("2024-02-01", "1 | 100.00 | USD | 0"),
        ("2024-03-01", "1 | 300.00 | USD | 1"),
    )
    assert render(totals(price_index_monthly(world, date(2024, 3, 31))), expected) == lines(expected)


def test_a_price_of_zero_or_without_a_rate_has_no_ratio():
    expected = """
        | month_start | listings | matched_listings | price_index | rows_without_rate |
        | 2024-01-01  | 3        | 0                | 100.0000    | 1                 |
        | 2024-02-01  | 3        | 1                | 200.0000    | 1                 |
    """
    world = priced(
        ("2024-01-01", "1 | 0.00 | USD | 1", "2 | 5.00 | XXX | 1", "3 | 1.00 | USD | 1"),
        ("2024-02-01", "1 | 9.00 | USD | 1", "2 | 9.00 | XXX | 1", "3 | 2.00 | USD | 1"),
    )
    assert render(totals(price_index_monthly(world, date(2024, 2, 29))), expected) == lines(expected)


def test_a_tie_is_rounded_up():
    """20000.01 by 20000.00 is 1.0000005, and 100.00005."""
    expected = """
        | month_start | price_ratio | price_index |
        | 2024-01-01  |             | 100.0000    |
        | 2024-02-01  | 1.000001    | 100.0001    |
    """
    world = priced(("2024-01-01", "1 | 20000.00 | USD | 1"), ("2024-02-01", "1 | 20000.01 | USD | 1"))
    assert render(totals(price_index_monthly(world, date(2024, 2, 29))), expected) == lines(expected)


def test_the_price_moves_with_the_rate_and_each_place_has_its_own_index():
    """1 and 3 ask in euros, at the rate of the last day: 1.0 on 31 January, 1.2 on the tenth of February."""
    expected = """
        | month_start | level | city   | price_index | is_partial |
        | 2024-01-01  | place | Madrid | 100.0000    | false      |
        | 2024-01-01  | place | Oslo   | 100.0000    | false      |
        | 2024-01-01  | total |        | 100.0000    | false      |
        | 2024-02-01  | place | Madrid | 109.5445    | true       |
        | 2024-02-01  | place | Oslo   | 120.0000    | true       |
        | 2024-02-01  | total |        | 112.9243    | true       |
    """
    flats = "| id | currency |\n| 1 | EUR |\n| 2 | USD |\n| 3 | EUR |"
    rates = "| currency | rate_date | usd_per_unit |\n| EUR | 2024-01-31 | 1.0 |\n| EUR | 2024-02-09 | 1.2 |"
    mart = price_index_monthly(world(apartments=flats, rates=rates), date(2024, 2, 10))
    assert render(mart, expected) == lines(expected)
