from datetime import date

from tests.reference import average_listing_price_weekly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render


def totals(world, as_of):
    return [row for row in average_listing_price_weekly(world, as_of) if row["level"] == "total"]


def test_mean_and_median_of_the_listings_live_in_the_week():
    """Madrid: 100.00 and 200.01, mean and median 150.005, so 150.01. With 400.00 in total: 233.34 and 200.01."""
    expected = """
        | week_start | level | city   | state | listings | mean_price_usd | median_price_usd | new_listings |
        | 2024-01-01 | place | Madrid | MD    | 2        | 150.01         | 150.01           | 2            |
        | 2024-01-01 | place | Oslo   |       | 1        | 400.00         | 400.00           | 1            |
        | 2024-01-01 | total |        |       | 3        | 233.34         | 200.01           | 3            |
    """
    flats = """
        | id | price  |
        | 1  | 100.00 |
        | 2  | 200.01 |
        | 3  | 400.00 |
    """
    mart = average_listing_price_weekly(world(apartments=flats), date(2024, 1, 7))
    assert render(mart, expected) == lines(expected)


def test_iso_week_53_and_the_first_days_of_january_are_one_week():
    expected = """
        | week_start | listings | new_listings | is_partial |
        | 2020-12-28 | 2        | 2            | false      |
        | 2021-01-04 | 2        | 0            | true       |
    """
    flats = """
        | id | listing_created_on |
        | 1  | 2020-12-31         |
        | 2  | 2021-01-03         |
    """
    assert render(totals(world(apartments=flats), date(2021, 1, 6)), expected) == lines(expected)


def test_the_price_is_that_of_the_last_version_valid_in_the_week():
    """From Thursday on 130.00; on Sunday it is 150.00 and switched off, yet it was live before."""
    expected = """
        | week_start | listings | mean_price_usd |
        | 2024-01-01 | 1        | 150.00         |
    """
    flat = "| id | price | is_active | last_modified_timestamp |\n| 1 | {} | {} | {} |"
    changed = seen(
        ("2024-01-02", source(apartments=flat.format("100.00", 1, "2024-01-01"))),
        ("2024-01-05", source(apartments=flat.format("130.00", 1, "2024-01-04"))),
        ("2024-01-08", source(apartments=flat.format("150.00", 0, "2024-01-07 20:00"))),
    )
    assert render(totals(changed, date(2024, 1, 31)), expected) == lines(expected)


def test_as_of_within_the_week_sees_the_price_of_that_day():
    expected = """
        | week_start | mean_price_usd | is_partial |
        | 2024-01-01 | 100.00         | true       |
    """
    flat = "| id | price | last_modified_timestamp |\n| 1 | {} | {} |"
    changed = seen(
        ("2024-01-02", source(apartments=flat.format("100.00", "2024-01-01"))),
        ("2024-01-05", source(apartments=flat.format("130.00", "2024-01-04"))),
    )
    assert render(totals(changed, date(2024, 1, 3)), expected) == lines(expected)


def test_a_listing_deleted_in_the_week_has_its_price_before_the_deletion():
    expected = """
        | week_start | listings | mean_price_usd |
        | 2024-01-01 | 1        | 100.00         |
    """
    gone = seen(("2024-01-02", source(apartments="| id |\n| 1 |")), ("2024-01-03 10:00", source()))
    assert render(totals(gone, date(2024, 1, 31)), expected) == lines(expected)


def test_prices_are_converted_at_the_last_counted_day():
    """Week 1: the rate of Sunday the 7th. Week 2: it is 7 days old. Week 3: too old, no price."""
    expected = """
        | week_start | listings | mean_price_usd | median_price_usd | rows_without_rate |
        | 2024-01-01 | 1        | 120.00         | 120.00           | 0                 |
        | 2024-01-08 | 1        | 120.00         | 120.00           | 0                 |
        | 2024-01-15 | 1        |                |                  | 1                 |
    """
    flat = """
        | id | currency |
        | 1  | EUR      |
    """
    rates = """
        | currency | rate_date  | usd_per_unit |
        | EUR      | 2024-01-03 | 1.10000000   |
        | EUR      | 2024-01-07 | 1.20000000   |
    """
    assert render(totals(world(apartments=flat, rates=rates), date(2024, 1, 21)), expected) == lines(expected)


def test_an_unknown_currency_is_counted_but_left_out_of_the_mean():
    expected = """
        | week_start | listings | mean_price_usd | rows_without_rate |
        | 2024-01-01 | 2        | 100.00         | 1                 |
    """
    flats = """
        | id | price  | currency |
        | 1  | 100.00 | USD      |
        | 2  | 900.00 | XXX      |
    """
    assert render(totals(world(apartments=flats), date(2024, 1, 7)), expected) == lines(expected)


def test_a_price_before_the_first_known_version_is_assumed():
    """First known on Wednesday the 10th: the price of week 1 is assumed, week 2 knows it at its end."""
    expected = """
        | week_start | listings | mean_price_usd | assumed_listings | new_listings |
        | 2024-01-01 | 1        | 100.00         | 1                | 1            |
        | 2024-01-08 | 1        | 100.00         | 0                | 0            |
    """
    flat = """
        | id | listing_created_on | last_modified_timestamp |
        | 1  | 2024-01-05         | 2024-01-10 10:00        |
    """
    assert render(totals(world(apartments=flat), date(2024, 1, 14)), expected) == lines(expected)


def test_weeks_in_which_a_listing_is_never_live_do_not_count_it():
    expected = """
        | week_start | listings |
        | 2024-01-01 | 1        |
        | 2024-01-15 | 1        |
    """
    flat = "| id | is_active | last_modified_timestamp |\n| 1 | {} | {} |"
    off_and_on = seen(
        ("2024-01-02", source(apartments=flat.format(1, "2024-01-01"))),
        ("2024-01-07", source(apartments=flat.format(0, "2024-01-06"))),
        ("2024-01-16", source(apartments=flat.format(1, "2024-01-15"))),
    )
    assert render(totals(off_and_on, date(2024, 1, 21)), expected) == lines(expected)
