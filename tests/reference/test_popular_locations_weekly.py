from datetime import date

from tests.reference import popular_locations_weekly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render


def test_places_are_ranked_by_confirmed_bookings_and_ties_by_name():
    """Madrid has 2 of one guest; Oslo and the unknown place 1 each: the unknown comes last."""
    expected = """
        | week_start | level | city   | state | bookings | guests | revenue_usd | rank | is_partial |
        | 2024-01-01 | place | Madrid | MD    | 2        | 1      | 250.00      | 1    | false      |
        | 2024-01-01 | place | Oslo   |       | 1        | 1      | 100.00      | 2    | false      |
        | 2024-01-01 | place |        |       | 1        | 1      | 900.00      | 3    | false      |
    """
    bookings = """
        | booking_id | apartment_id | user_id | total_price | booking_status |
        | 1          | 1            | 7       | 100.00      | confirmed      |
        | 2          | 2            | 7       | 150.00      | completed      |
        | 3          | 3            | 7       | 100.00      | confirmed      |
        | 4          | 3            | 8       | 100.00      | pending        |
        | 5          | 99           | 8       | 900.00      | confirmed      |
    """
    mart = popular_locations_weekly(world(bookings=bookings), date(2024, 1, 7))
    assert render(mart, expected) == lines(expected)


def test_one_city_name_in_two_states_is_two_places_the_stateless_last():
    expected = """
        | city        | state | rank |
        | Springfield | IL    | 1    |
        | Springfield | MA    | 2    |
        | Springfield |       | 3    |
    """
    places = """
        | id | cityname    | state |
        | 1  | Springfield | MA    |
        | 2  | Springfield | N/A   |
        | 3  | Springfield | IL    |
    """
    bookings = """
        | booking_id | apartment_id |
        | 1          | 1            |
        | 2          | 2            |
        | 3          | 3            |
    """
    mart = popular_locations_weekly(world(attributes=places, bookings=bookings), date(2024, 1, 7))
    assert render(mart, expected) == lines(expected)


def test_revenue_leaves_out_bookings_without_a_rate_and_counts_them():
    """Madrid: one dollar booking, one unknown currency. Oslo: no known revenue at all, which is not 0.00."""
    expected = """
        | city   | bookings | revenue_usd | rows_without_rate | rank |
        | Madrid | 2        | 100.00      | 1                 | 1    |
        | Oslo   | 1        |             | 1                 | 2    |
    """
    bookings = """
        | booking_id | apartment_id | currency |
        | 1          | 1            | USD      |
        | 2          | 1            | XXX      |
        | 3          | 3            | XXX      |
    """
    mart = popular_locations_weekly(world(bookings=bookings), date(2024, 1, 7))
    assert render(mart, expected) == lines(expected)


def test_bookings_belong_to_the_week_of_their_booking_date():
    """Sunday 23:59:59 is in the old week, 31 December 2024 in the new year's; after as_of: no."""
    expected = """
        | week_start | bookings | is_partial |
        | 2024-12-23 | 1        | false      |
        | 2024-12-30 | 2        | true       |
    """
    bookings = """
        | booking_id | booking_date        |
        | 1          | 2024-12-29 23:59:59 |
        | 2          | 2024-12-31 12:00:00 |
        | 3          | 2025-01-01 23:59:59 |
        | 4          | 2025-01-02 00:00:00 |
    """
    mart = popular_locations_weekly(world(bookings=bookings), date(2025, 1, 1))
    assert render(mart, expected) == lines(expected)


def test_the_place_is_the_current_one_for_all_weeks_and_outlives_the_listing():
    expected = """
        | week_start | city   |
        | 2024-01-01 | Bergen |
    """
    bookings = "| booking_id |\n| 1 |"
    moved = "| id | cityname |\n| 1 | Bergen |"
    gone = seen(
        ("2024-01-02", source(apartments="| id |\n| 1 |", bookings=bookings)),
        ("2024-01-09", source(apartments="| id |\n| 1 |", attributes=moved, bookings=bookings)),
        ("2024-01-10", source(attributes="", bookings=bookings)),
    )
    assert render(popular_locations_weekly(gone, date(2024, 1, 31)), expected) == lines(expected)
