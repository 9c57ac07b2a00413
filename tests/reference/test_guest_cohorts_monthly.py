from datetime import date

from tests.reference import guest_cohorts_monthly
from tests.reference.worlds import world
from tests.support.tables import lines, render


def test_guests_stay_in_the_month_of_their_first_booking_and_every_month_since_has_a_row():
    """7 and 8 begin in January; 8 comes back in March, 7 twice in February; 9 begins in February."""
    expected = """
        | cohort_month | months_since | size | retained | retention | spend_usd | cumulative_spend_usd | is_partial |
        | 2024-01-01   | 0            | 2    | 2        | 1.000000  | 200.00    | 200.00               | false      |
        | 2024-01-01   | 1            | 2    | 1        | 0.500000  | 200.00    | 400.00               | false      |
        | 2024-01-01   | 2            | 2    | 1        | 0.500000  | 100.00    | 500.00               | true       |
        | 2024-02-01   | 0            | 1    | 1        | 1.000000  | 100.00    | 100.00               | false      |
        | 2024-02-01   | 1            | 1    | 0        | 0.000000  | 0.00      | 100.00               | true       |
    """
    bookings = """
        | booking_id | user_id | booking_date |
        | 1          | 7       | 2024-01-31   |
        | 2          | 8       | 2024-01-01   |
        | 3          | 7       | 2024-02-01   |
        | 4          | 7       | 2024-02-29   |
        | 5          | 8       | 2024-03-01   |
        | 6          | 9       | 2024-02-29   |
        | 7          | 8       | 2024-03-21   |
    """
    mart = guest_cohorts_monthly(world(bookings=bookings), date(2024, 3, 20))
    assert render(mart, expected) == lines(expected)


def test_only_confirmed_bookings_of_known_users_make_a_guest():
    expected = """
        | cohort_month | months_since | size | retained |
        | 2024-01-01   | 0            | 1    | 1        |
    """
    bookings = """
        | booking_id | user_id | booking_date | booking_status |
        | 1          | 7       | 2023-12-05   | pending        |
        | 2          | 7       | 2023-12-06   | canceled       |
        | 3          | 7       | 2024-01-07   | completed      |
        | 4          |         | 2024-01-07   | confirmed      |
    """
    assert render(guest_cohorts_monthly(world(bookings=bookings), date(2024, 1, 31)), expected) == lines(expected)


def test_spend_is_unknown_where_no_booking_has_a_rate_and_counted():
    expected = """
        | months_since | spend_usd | cumulative_spend_usd | rows_without_rate |
        | 0            |           |                      | 1                 |
        | 1            | 0.00      |                      | 1                 |
        | 2            | 50.00     | 50.00                | 2                 |
        | 3            |           | 50.00                | 3                 |
    """
    bookings = """
        | booking_id | user_id | booking_date | total_price | currency |
        | 1          | 7       | 2024-01-01   | 100.00      | XXX      |
        | 2          | 7       | 2024-03-01   | 50.00       | USD      |
        | 3          | 7       | 2024-03-02   | 100.00      | XXX      |
        | 4          | 7       | 2024-04-02   | 100.00      | XXX      |
    """
    assert render(guest_cohorts_monthly(world(bookings=bookings), date(2024, 4, 30)), expected) == lines(expected)
