from datetime import date

from tests.reference import listing_performance_monthly
from tests.reference.worlds import filled, seen, source, world
from tests.support.tables import lines, render

LOOK = """
    | user_id | apartment_id | viewed_at           | is_wishlisted | call_to_action |
    | 1       | 1            | 2024-01-01 10:00:00 | 0             | Reported       |
"""


def looked_at(looks, **tables):
    """A world in which listings were looked at."""
    return seen(("2025-12-31", source(**tables) | {"user_viewing": filled(looks, LOOK)}))


def test_a_listing_with_nothing_but_supply_has_a_row_and_ranks_by_number_behind_those_that_earn():
    """1, 2 and 4 are in Madrid; 3 is in Oslo, and first there; 4's revenue is unknown."""
    expected = """
        | apartment_id | city   | revenue_usd | confirmed_bookings | rank |
        | 2            | Madrid | 100.00      | 1                  | 1    |
        | 1            | Madrid | 0.00        | 0                  | 2    |
        | 4            | Madrid |             | 1                  | 3    |
        | 3            | Oslo   | 0.00        | 0                  | 1    |
    """
    flats = "| id |\n| 1 |\n| 2 |\n| 3 |\n| 4 |"
    places = "| id | cityname | state |\n| 1 | Madrid | MD |\n| 2 | Madrid | MD |\n| 3 | Oslo | |\n| 4 | Madrid | MD |"
    bookings = "| booking_id | apartment_id | currency |\n| 1 | 2 | USD |\n| 2 | 4 | XXX |"
    mart = listing_performance_monthly(world(apartments=flats, attributes=places, bookings=bookings), date(2024, 1, 31))
    assert render(mart, expected) == lines(expected)


def test_equal_revenue_ranks_by_confirmed_bookings_then_number():
    expected = """
        | apartment_id | rank |
        | 3            | 1    |
        | 1            | 2    |
        | 2            | 3    |
    """
    places = "| id | cityname | state |\n| 1 | Madrid | MD |\n| 2 | Madrid | MD |\n| 3 | Madrid | MD |"
    bookings = """
        | booking_id | apartment_id | checkin_date | checkout_date |
        | 1          | 1            | 2024-01-10   | 2024-01-11    |
        | 2          | 2            | 2024-01-10   | 2024-01-11    |
        | 3          | 3            | 2024-01-10   | 2024-01-11    |
        | 4          | 3            | 2024-03-10   | 2024-03-11    |
    """
    mart = listing_performance_monthly(world(attributes=places, bookings=bookings), date(2024, 1, 31))
    assert render(mart, expected) == lines(expected)


def test_a_viewer_converts_in_the_month_of_the_look_by_a_confirmed_booking_within_thirty_days():
    """User 1 books thirty days later, 2 a second more, 3 another listing, 4 only asked; 1 looked twice."""
    expected = """
        | month_start | apartment_id | views | viewers | wishlists | bookers | conversion |
        | 2024-01-01  | 1            | 5     | 4       | 2         | 1       | 0.250000   |
        | 2024-02-01  | 2            | 0     | 0       | 0         | 0       |            |
        | 2024-01-01  | 2            | 0     | 0       | 0         | 0       |            |
        | 2024-02-01  | 1            | 0     | 0       | 0         | 0       |            |
    """
    looks = """
        | user_id | viewed_at           | is_wishlisted |
        | 1       | 2024-01-05 10:00:00 | 1             |
        | 1       | 2024-01-06 10:00:00 | 1             |
        | 2       | 2024-01-05 10:00:00 | 0             |
        | 3       | 2024-01-05 10:00:00 | 0             |
        | 4       | 2024-01-05 10:00:00 |               |
    """
    bookings = """
        | booking_id | user_id | apartment_id | booking_date        | booking_status | checkin_date | checkout_date |
        | 1          | 1       | 1            | 2024-02-04 10:00:00 | confirmed      | 2024-04-01   | 2024-04-02    |
        | 2          | 2       | 1            | 2024-02-04 10:00:01 | confirmed      | 2024-04-01   | 2024-04-02    |
        | 3          | 3       | 2            | 2024-01-06 10:00:00 | confirmed      | 2024-02-01   | 2024-02-02    |
        | 4          | 4       | 1            | 2024-01-06 10:00:00 | pending        | 2024-04-01   | 2024-04-02    |
    """
    mart = listing_performance_monthly(looked_at(looks, bookings=bookings), date(2024, 2, 29))
    assert render(mart, expected) == lines(expected)
