from datetime import date

from tests.reference import gross_booking_value_daily
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render

BOOKING = "| booking_id | booking_date | booking_status | updated_at |\n| 1 | 2024-01-02 | {} | {} |"


def states(*changes):
    """One booking as each run finds it, a day after it changed."""
    return seen(
        *((f"{at[:8]}{int(at[8:10]) + 1:02}", source(bookings=BOOKING.format(status, at))) for status, at in changes)
    )


def test_a_cancellation_counts_on_the_day_it_was_first_seen_and_the_booking_on_its_own():
    expected = """
        | day        | bookings | gross_usd | cancellations | canceled_usd | net_usd |
        | 2024-01-02 | 1        | 100.00    | 0             | 0.00         | 100.00  |
        | 2024-01-10 | 0        | 0.00      | 1             | 100.00       | -100.00 |
    """
    world = states(
        ("confirmed", "2024-01-02"), ("Cancelled", "2024-01-10 23:59:59"), ("canceled", "2024-01-20 00:00:00")
    )
    assert render(gross_booking_value_daily(world, date(2024, 1, 31)), expected) == lines(expected)


def test_a_booking_confirmed_again_was_never_canceled():
    expected = """
        | day        | bookings | gross_usd | cancellations | net_usd |
        | 2024-01-02 | 1        | 100.00    | 0             | 100.00  |
    """
    world = states(("confirmed", "2024-01-02"), ("canceled", "2024-01-10"), ("completed", "2024-01-20"))
    assert render(gross_booking_value_daily(world, date(2024, 1, 31)), expected) == lines(expected)


def test_a_booking_canceled_twice_counts_on_the_first_day():
    world = states(
        ("canceled", "2024-01-05"), ("confirmed", "2024-01-10"), ("canceled", "2024-01-20"), ("canceled", "2024-01-25")
    )
    mart = gross_booking_value_daily(world, date(2024, 1, 31))
    assert [row["day"] for row in mart if row["cancellations"]] == [date(2024, 1, 5)]


def test_a_cancellation_after_as_of_is_not_known_and_pending_is_never_sold():
    expected = """
        | day        | bookings | gross_usd | cancellations | net_usd |
        | 2024-01-02 | 1        | 100.00    | 0             | 100.00  |
    """
    canceled = states(("confirmed", "2024-01-02"), ("canceled", "2024-01-10"))
    assert render(gross_booking_value_daily(canceled, date(2024, 1, 9)), expected) == lines(expected)
    assert gross_booking_value_daily(states(("pending", "2024-01-02")), date(2024, 1, 31)) == []


def test_what_has_no_rate_is_counted_and_left_out_of_the_net():
    """3 and 4 are of the 2nd, 4 without a rate; on the 3rd nothing has one."""
    expected = """
        | day        | bookings | gross_usd | cancellations | canceled_usd | net_usd | rows_without_rate |
        | 2024-01-02 | 1        | 50.00     | 1             |              | 50.00   | 1                 |
        | 2024-01-01 | 1        |           | 0             | 0.00         |         | 1                 |
    """
    bookings = """
        | booking_id | booking_date | total_price | currency | booking_status | updated_at |
        | 3          | 2024-01-02   | 50.00       | USD      | confirmed      | 2024-01-02 |
        | 4          | 2024-01-01   | 70.00       | XXX      | canceled       | 2024-01-02 |
    """
    mart = gross_booking_value_daily(world(bookings=bookings), date(2024, 1, 31))
    assert render(mart, expected) == lines(expected)


def test_a_deleted_booking_is_on_no_day():
    gone = seen(("2024-01-03", source(bookings=BOOKING.format("canceled", "2024-01-02"))), ("2024-01-04", source()))
    assert gross_booking_value_daily(gone, date(2024, 1, 31)) == []
