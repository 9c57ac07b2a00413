from datetime import date

from tests.reference import repeat_customer_rate_daily
from tests.reference.worlds import world
from tests.support.tables import lines, render


def mart_on(world, as_of, *days):
    return [row for row in repeat_customer_rate_daily(world, as_of) if row["day"] in days]


def test_the_window_is_thirty_days_not_thirty_rows():
    """User 1 books on 1 and 30 January: both in the window that ends on the 30th, one in that of the 31st."""
    expected = """
        | day        | users | repeat_users | repeat_rate |
        | 2024-01-29 | 2     | 0            | 0.000000    |
        | 2024-01-30 | 2     | 1            | 0.500000    |
        | 2024-01-31 | 2     | 0            | 0.000000    |
    """
    bookings = """
        | booking_id | user_id | booking_date        |
        | 1          | 1       | 2024-01-01 00:00:00 |
        | 2          | 1       | 2024-01-30 23:59:59 |
        | 3          | 2       | 2024-01-15 12:00:00 |
    """
    days = [date(2024, 1, 29), date(2024, 1, 30), date(2024, 1, 31)]
    assert render(mart_on(world(bookings=bookings), days[-1], *days), expected) == lines(expected)


def test_every_day_from_the_first_booking_of_any_status_to_as_of_has_a_row():
    """The first booking is pending: its day has no users, so no rate. A canceled one repeats nobody."""
    expected = """
        | day        | users | repeat_users | repeat_rate | is_partial |
        | 2024-02-27 | 0     | 0            |             | true       |
        | 2024-02-28 | 1     | 0            | 0.000000    | true       |
        | 2024-02-29 | 1     | 0            | 0.000000    | true       |
        | 2024-03-01 | 2     | 1            | 0.500000    | true       |
    """
    bookings = """
        | booking_id | user_id | booking_date | booking_status |
        | 1          | 1       | 2024-02-27   | pending        |
        | 2          | 1       | 2024-02-28   | confirmed      |
        | 3          | 1       | 2024-02-29   | canceled       |
        | 4          | 1       | 2024-03-01   | completed      |
        | 5          | 2       | 2024-03-01   | confirmed      |
        | 6          | 2       | 2024-03-02   | confirmed      |
    """
    mart = repeat_customer_rate_daily(world(bookings=bookings), date(2024, 3, 1))
    assert render(mart, expected) == lines(expected)


def test_the_first_29_days_are_partial():
    """From the 1st to the 29th the window begins before the first booking; that of the 30th does not."""
    mart = repeat_customer_rate_daily(world(bookings="| booking_id |\n| 1 |"), date(2024, 2, 5))
    partial = [row["day"] for row in mart if row["is_partial"]]
    assert partial == [date(2024, 1, day) for day in range(1, 30)]
    assert len(mart) == 36


def test_a_window_without_bookings_has_no_rate():
    expected = """
        | day        | users | repeat_users | repeat_rate | is_partial |
        | 2024-01-30 | 1     | 0            | 0.000000    | false      |
        | 2024-01-31 | 0     | 0            |             | false      |
    """
    days = [date(2024, 1, 30), date(2024, 1, 31)]
    one_booking = world(bookings="| booking_id |\n| 1 |")
    assert render(mart_on(one_booking, days[-1], *days), expected) == lines(expected)


def test_three_bookings_make_one_repeat_user_and_a_third_is_rounded_to_six_places():
    expected = """
        | day        | users | repeat_users | repeat_rate |
        | 2024-01-01 | 3     | 1            | 0.333333    |
    """
    bookings = """
        | booking_id | user_id |
        | 1          | 1       |
        | 2          | 1       |
        | 3          | 1       |
        | 4          | 2       |
        | 5          | 3       |
    """
    mart = repeat_customer_rate_daily(world(bookings=bookings), date(2024, 1, 1))
    assert render(mart, expected) == lines(expected)
