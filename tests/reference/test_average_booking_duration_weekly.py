from datetime import date

import pytest

from tests.reference import average_booking_duration_weekly
from tests.reference.average_booking_duration_weekly import nearest_rank
from tests.reference.worlds import world
from tests.support.tables import lines, render


def test_stays_are_measured_in_the_week_of_their_check_in():
    """Madrid: 1 and 4 nights; Oslo: 3. In total 8/3 = 2.67. A pending stay and one of no night: no."""
    expected = """
    | week_start | level | city   | state | stays | mean_nights | median_nights | p90_nights | is_partial |
    | 2024-01-08 | place | Madrid | MD    | 2     | 2.50        | 2.50          | 4          | false      |
    | 2024-01-08 | place | Oslo   |       | 1     | 3.00        | 3.00          | 3          | false      |
    | 2024-01-08 | total |        |       | 3     | 2.67        | 3.00          | 4          | false      |
    """
    bookings = """
        | booking_id | apartment_id | checkin_date | checkout_date | booking_status |
        | 1          | 1            | 2024-01-08   | 2024-01-09    | confirmed      |
        | 2          | 2            | 2024-01-14   | 2024-01-18    | completed      |
        | 3          | 3            | 2024-01-10   | 2024-01-13    | confirmed      |
        | 4          | 3            | 2024-01-10   | 2024-01-20    | pending        |
        | 5          | 3            | 2024-01-10   | 2024-01-10    | confirmed      |
    """
    mart = average_booking_duration_weekly(world(bookings=bookings), date(2024, 1, 14))
    assert render(mart, expected) == lines(expected)


def test_check_ins_to_come_do_not_count_but_nights_to_come_do():
    """As of Wednesday the 10th: the stay from the 10th counts, all 5 nights; one booked on the 11th does not."""
    expected = """
        | week_start | level | city   | stays | mean_nights | is_partial |
        | 2024-01-08 | place | Madrid | 1     | 5.00        | true       |
        | 2024-01-08 | total |        | 1     | 5.00        | true       |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date |
        | 1          | 2024-01-02   | 2024-01-10   | 2024-01-15    |
        | 2          | 2024-01-02   | 2024-01-11   | 2024-01-12    |
        | 3          | 2024-01-11   | 2024-01-09   | 2024-01-10    |
    """
    mart = average_booking_duration_weekly(world(bookings=bookings), date(2024, 1, 10))
    assert render(mart, expected) == lines(expected)


def test_a_stay_over_new_year_and_the_leap_day_has_all_its_nights():
    """From 30 December 2024 (in the week of 1 January 2025) 3 nights; from 28 February 2024 2 nights."""
    expected = """
        | week_start | level | city   | mean_nights |
        | 2024-02-26 | place | Madrid | 2.00        |
        | 2024-02-26 | total |        | 2.00        |
        | 2024-12-30 | place | Madrid | 3.00        |
        | 2024-12-30 | total |        | 3.00        |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-12-30   | 2025-01-02    |
        | 2          | 2024-02-28   | 2024-03-01    |
    """
    mart = average_booking_duration_weekly(world(bookings=bookings), date(2025, 1, 31))
    assert render(mart, expected) == lines(expected)


@pytest.mark.parametrize(("count", "p90"), [(1, 1), (2, 2), (9, 9), (10, 9), (11, 10), (20, 18), (21, 19)])
def test_p90_is_the_value_at_the_nearest_rank(count, p90):
    assert nearest_rank(list(range(count, 0, -1)), 90) == p90
