from datetime import date

from tests.reference import booking_funnel_weekly
from tests.reference.test_listing_performance_monthly import looked_at
from tests.support.tables import lines, render


def test_each_step_counts_users_in_the_week_in_which_they_take_it():
    """Week 53 of 2020 ends on 3 January. 1 looks twice and books in the next week; 2 is in two places, once in all."""
    expected = """
        | week_start | level | city   | views | viewers | wishers | contacters | bookers | unseen_bookings |
        | 2020-12-28 | place | Madrid | 3     | 2       | 1       | 2          | 0       | 0               |
        | 2020-12-28 | place | Oslo   | 1     | 1       | 1       | 0          | 0       | 0               |
        | 2020-12-28 | total |        | 4     | 2       | 2       | 2          | 0       | 0               |
        | 2021-01-04 | place | Madrid | 0     | 0       | 0       | 0          | 1       | 1               |
        | 2021-01-04 | total |        | 0     | 0       | 0       | 0          | 1       | 1               |
    """
    looks = """
        | user_id | apartment_id | viewed_at           | is_wishlisted | call_to_action |
        | 1       | 1            | 2020-12-28          | 1             | Contact Agent  |
        | 1       | 1            | 2021-01-03 23:59:59 | 1             | Book Now       |
        | 2       | 2            | 2021-01-01          | 0             | book now       |
        | 2       | 3            | 2021-01-01          | 1             | Shortlisted    |
    """
    bookings = """
        | booking_id | user_id | apartment_id | booking_date | booking_status |
        | 1          | 1       | 1            | 2021-01-04   | completed      |
        | 2          | 2       | 1            | 2021-01-04   | confirmed      |
        | 3          | 2       | 2            | 2021-01-04   | pending        |
    """
    assert render(booking_funnel_weekly(looked_at(looks, bookings=bookings), date(2021, 1, 10)), expected) == lines(
        expected
    )


def test_rates_are_shares_of_the_viewers_and_the_last_may_exceed_one():
    expected = """
        | level | viewers | bookers | wishlist_rate | contact_rate | booking_rate | is_partial |
        | total | 3       | 0       | 0.333333      | 0.000000     | 0.000000     | false      |
        | total | 1       | 2       | 0.000000      | 0.000000     | 2.000000     | true       |
    """
    looks = """
        | user_id | viewed_at           | is_wishlisted |
        | 1       | 2024-01-01 10:00:00 | 1             |
        | 2       | 2024-01-01 10:00:00 | 0             |
        | 3       | 2024-01-01 10:00:00 | 0             |
        | 3       | 2024-01-08 10:00:00 | 0             |
    """
    bookings = """
        | booking_id | user_id | booking_date |
        | 1          | 1       | 2024-01-08   |
        | 2          | 2       | 2024-01-08   |
    """
    mart = booking_funnel_weekly(looked_at(looks, bookings=bookings), date(2024, 1, 9))
    assert render([row for row in mart if row["level"] == "total"], expected) == lines(expected)
