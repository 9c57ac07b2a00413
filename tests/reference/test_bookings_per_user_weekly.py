from datetime import date

from tests.reference import bookings_per_user_weekly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render


def test_bookings_are_counted_by_status_but_only_confirmed_ones_sleep_and_spend():
    """User 2 has nothing confirmed: 0.00. User 3 has, without a rate: unknown."""
    counts = """
        | week_start | user_id | confirmed_bookings | pending_bookings | canceled_bookings | is_partial |
        | 2024-01-01 | 1       | 2                  | 1                | 1                 | true       |
        | 2024-01-01 | 2       | 0                  | 0                | 1                 | true       |
        | 2024-01-01 | 3       | 1                  | 0                | 0                 | true       |
    """
    spending = """
        | user_id | nights | spend_usd | rows_without_rate |
        | 1       | 3      | 180.00    | 0                 |
        | 2       | 0      | 0.00      | 0                 |
        | 3       | 1      |           | 1                 |
    """
    bookings = """
        | booking_id | user_id | booking_status | total_price | currency | checkin_date | checkout_date |
        | 1          | 1       | confirmed      | 100.00      | USD      | 2024-01-10   | 2024-01-11    |
        | 2          | 1       | completed      | 80.00       | USD      | 2024-01-20   | 2024-01-22    |
        | 3          | 1       | pending        | 500.00      | USD      | 2024-01-20   | 2024-01-22    |
        | 4          | 1       | canceled       | 500.00      | USD      | 2024-01-20   | 2024-01-22    |
        | 5          | 2       | Cancelled      | 500.00      | XXX      | 2024-01-20   | 2024-01-22    |
        | 6          | 3       | confirmed      | 500.00      | XXX      | 2024-01-10   | 2024-01-11    |
    """
    mart = bookings_per_user_weekly(world(bookings=bookings), date(2024, 1, 6))
    assert render(mart, counts) == lines(counts)
    assert render(mart, spending) == lines(spending)


def test_a_canceled_booking_confirmed_again_counts_as_confirmed_only():
    expected = """
        | user_id | confirmed_bookings | canceled_bookings | nights | spend_usd |
        | 1       | 1                  | 0                 | 1      | 100.00    |
    """
    booking = "| booking_id | booking_status | updated_at |\n| 1 | {} | {} |"
    changed = seen(
        ("2024-01-02", source(bookings=booking.format("confirmed", "2024-01-01"))),
        ("2024-01-04", source(bookings=booking.format("canceled", "2024-01-03"))),
        ("2024-01-06", source(bookings=booking.format("confirmed", "2024-01-05"))),
    )
    assert render(bookings_per_user_weekly(changed, date(2024, 1, 7)), expected) == lines(expected)


def test_a_booking_whose_latest_row_is_rejected_leaves_the_mart():
    booking = "| booking_id | booking_status | updated_at |\n| 1 | {} | {} |"
    changed = seen(
        ("2024-01-02", source(bookings=booking.format("confirmed", "2024-01-01"))),
        ("2024-01-04", source(bookings=booking.format("unheard of", "2024-01-03"))),
    )
    assert bookings_per_user_weekly(changed, date(2024, 1, 7)) == []


def test_the_first_days_of_january_belong_to_week_53():
    expected = """
        | week_start | user_id | confirmed_bookings |
        | 2020-12-28 | 1       | 2                  |
        | 2021-01-04 | 1       | 1                  |
    """
    bookings = """
        | booking_id | booking_date        |
        | 1          | 2020-12-31 23:00:00 |
        | 2          | 2021-01-03 23:00:00 |
        | 3          | 2021-01-04 00:00:00 |
    """
    mart = bookings_per_user_weekly(world(bookings=bookings), date(2021, 1, 10))
    assert render(mart, expected) == lines(expected)
