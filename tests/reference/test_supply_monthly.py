from datetime import date

from tests.reference import supply_monthly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render

FLAT = "| id | is_active | last_modified_timestamp |\n| 1 | {} | {} |"


def total(mart):
    return [row for row in mart if row["level"] == "total"]


def test_a_listing_made_and_taken_off_in_one_month_came_and_went_and_stands_no_more():
    """Created on 3 January, off from the 20th; a second one stays."""
    expected = """
        | month_start | listings | created | activated | deactivated | is_partial |
        | 2024-01-01  | 1        | 2       | 2         | 1           | false      |
        | 2024-02-01  | 1        | 0       | 0         | 0           | true       |
    """
    flats = """
        | id | is_active | listing_created_on | last_modified_timestamp |
        | 1  | {}        | 2024-01-03         | {}                      |
        | 2  | 1         | 2024-01-05         | 2024-01-05              |
    """
    off = seen(
        ("2024-01-04", source(apartments=flats.format(1, "2024-01-03"))),
        ("2024-01-21", source(apartments=flats.format(0, "2024-01-20 09:00"))),
    )
    assert render(total(supply_monthly(off, date(2024, 2, 10))), expected) == lines(expected)


def test_a_listing_off_and_on_again_within_a_month_stands_at_its_end():
    expected = """
        | month_start | level | city   | listings | created | activated | deactivated |
        | 2024-01-01  | place | Madrid | 1        | 1       | 2         | 1           |
        | 2024-01-01  | total |        | 1        | 1       | 2         | 1           |
    """
    off_and_on = seen(
        ("2024-01-02", source(apartments=FLAT.format(1, "2024-01-01"))),
        ("2024-01-12", source(apartments=FLAT.format(0, "2024-01-11 09:00"))),
        ("2024-01-22", source(apartments=FLAT.format(1, "2024-01-21 12:00"))),
    )
    assert render(supply_monthly(off_and_on, date(2024, 1, 31)), expected) == lines(expected)


def test_a_change_of_price_is_no_coming_and_going():
    expected = """
        | month_start | listings | activated | deactivated |
        | 2024-01-01  | 1        | 1         | 0           |
    """
    flat = "| id | price | last_modified_timestamp |\n| 1 | {} | {} |"
    dearer = seen(
        ("2024-01-02", source(apartments=flat.format("100.00", "2024-01-01"))),
        ("2024-01-12", source(apartments=flat.format("120.00", "2024-01-11 09:00"))),
    )
    assert render(total(supply_monthly(dearer, date(2024, 1, 31))), expected) == lines(expected)


def test_a_deleted_listing_leaves_on_the_day_it_was_found_deleted_also_where_nothing_stood_that_month():
    """Found deleted on 1 February: it was on offer until 31 January, and left in February."""
    expected = """
        | month_start | listings | created | activated | deactivated |
        | 2024-01-01  | 1        | 1       | 1         | 0           |
        | 2024-02-01  | 0        | 0       | 0         | 1           |
    """
    gone = seen(
        ("2024-01-02", source(apartments=FLAT.format(1, "2024-01-01"))),
        ("2024-02-01 08:00", source()),
    )
    assert render(total(supply_monthly(gone, date(2024, 3, 31))), expected) == lines(expected)


def test_a_listing_known_only_later_is_assumed_and_the_last_leap_day_is_the_end_of_its_month():
    expected = """
        | month_start | listings | created | assumed_listings | is_partial |
        | 2024-02-01  | 1        | 1       | 1                | false      |
        | 2024-03-01  | 1        | 0       | 0                | true       |
    """
    flat = """
        | id | listing_created_on | last_modified_timestamp |
        | 1  | 2024-02-29         | 2024-03-03 10:00        |
    """
    assert render(total(supply_monthly(world(apartments=flat), date(2024, 3, 30))), expected) == lines(expected)


def test_a_listing_that_was_never_on_offer_is_created_and_nothing_else():
    expected = """
        | month_start | listings | created | activated | deactivated |
        | 2024-01-01  | 0        | 1       | 0         | 0           |
    """
    off = world(apartments=FLAT.format(0, "2024-01-01"))
    assert render(total(supply_monthly(off, date(2024, 3, 31))), expected) == lines(expected)
