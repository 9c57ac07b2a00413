from datetime import date

from tests.reference import cancellations_monthly
from tests.reference.worlds import world
from tests.support.tables import lines, render


def test_cancellations_count_in_their_own_month_with_the_days_that_were_left():
    """Booked in December; 10 and 3 days' notice, and one a day after the check-in: mean 4, median 3."""
    expected = """
    | level | city   | cancellations | canceled_nights | canceled_usd | mean_notice_days | median_notice_days |
    | place | Madrid | 3             | 5               | 300.00       | 4.00             | 3.00               |
    | total |        | 3             | 5               | 300.00       | 4.00             | 3.00               |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date | booking_status | updated_at          |
        | 1          | 2023-12-01   | 2024-03-10   | 2024-03-11    | canceled       | 2024-02-29 23:59:59 |
        | 2          | 2023-12-01   | 2024-02-04   | 2024-02-07    | CANCELLED      | 2024-02-01          |
        | 3          | 2023-12-01   | 2024-02-04   | 2024-02-05    | canceled       | 2024-02-05          |
        | 4          | 2023-12-01   | 2024-02-04   | 2024-02-05    | confirmed      | 2024-02-05          |
        | 5          | 2023-12-01   | 2024-02-04   | 2024-02-05    | pending        | 2024-02-05          |
        | 6          | 2023-12-01   | 2024-02-04   | 2024-02-05    | canceled       | 2024-03-01          |
    """
    mart = cancellations_monthly(world(bookings=bookings), date(2024, 2, 29))
    assert render(mart, expected) == lines(expected)
    assert {(row["month_start"], row["canceled_after_checkin"]) for row in mart} == {(date(2024, 2, 1), 1)}


def test_negative_notice_rounds_away_from_zero_and_a_booking_without_a_rate_has_no_price():
    """-1, -1, 0, 1, 1, 1, 1, -3: -1/8 = -0.125."""
    expected = """
        | level | city   | cancellations | canceled_usd | rows_without_rate | mean_notice_days | is_partial |
        | place | Madrid | 8             |              | 8                 | -0.13            | true       |
        | total |        | 8             |              | 8                 | -0.13            | true       |
    """
    days = (9, 9, 10, 11, 11, 11, 11, 7)
    rows = [f"| {n} | XXX | 2024-01-{day:02} | 2024-01-20 | canceled | 2024-01-10 |" for n, day in enumerate(days)]
    head = "| booking_id | currency | checkin_date | checkout_date | booking_status | updated_at |"
    mart = cancellations_monthly(world(bookings="\n".join([head, *rows])), date(2024, 1, 30))
    assert render(mart, expected) == lines(expected)
