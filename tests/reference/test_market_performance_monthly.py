from datetime import date

from tests.reference import market_performance_monthly
from tests.reference.worlds import world
from tests.support.tables import lines, render

FLAT = "| id |\n| 1 |"


def totals(as_of, **tables):
    return [row for row in market_performance_monthly(world(**tables), as_of) if row["level"] == "total"]


def test_nights_count_in_their_own_month_and_every_stay_of_a_double_booked_one():
    """Stay 1 has two nights of 50.00 in January and one in February; stay 2 shares the last of January."""
    expected = """
    | month_start | nights | available_nights | revenue_usd | adr_usd | revpar_usd | live_listings |
    | 2024-01-01  | 3      | 31               | 130.00      | 43.33   | 4.19       | 1             |
    | 2024-02-01  | 1      | 29               | 50.00       | 50.00   | 1.72       | 1             |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date | total_price |
        | 1          | 2024-01-30   | 2024-02-02    | 150.00      |
        | 2          | 2024-01-31   | 2024-02-01    | 30.00       |
    """
    assert render(totals(date(2024, 2, 29), apartments=FLAT, bookings=bookings), expected) == lines(expected)


def test_nights_without_a_rate_are_sold_but_not_under_the_daily_rate():
    expected = """
    | month_start | nights | revenue_usd | adr_usd | revpar_usd | rows_without_rate |
    | 2024-01-01  | 3      | 100.00      | 100.00  | 3.23       | 2                 |
    | 2024-02-01  | 1      |             |         |            | 1                 |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date | total_price | currency |
        | 1          | 2024-01-10   | 2024-01-11    | 100.00      | USD      |
        | 2          | 2024-01-11   | 2024-01-13    | 900.00      | XXX      |
        | 3          | 2024-02-11   | 2024-02-12    | 900.00      | XXX      |
    """
    assert render(totals(date(2024, 2, 29), apartments=FLAT, bookings=bookings), expected) == lines(expected)


def test_stays_count_by_check_in_and_a_stay_booked_after_it_had_no_lead():
    """January: leads 9 and 0; the stay over the month end counts whole. February: 31."""
    expected = """
    | month_start | stays | mean_stay_nights | mean_lead_days | median_lead_days |
    | 2024-01-01  | 2     | 2.00             | 4.50           | 4.50             |
    | 2024-02-01  | 1     | 1.00             | 31.00          | 31.00            |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date |
        | 1          | 2024-01-21   | 2024-01-30   | 2024-02-02    |
        | 2          | 2024-01-21   | 2024-01-10   | 2024-01-11    |
        | 3          | 2024-01-01   | 2024-02-01   | 2024-02-02    |
        | 4          | 2024-01-01   | 2024-03-01   | 2024-03-02    |
    """
    assert render(totals(date(2024, 2, 29), bookings=bookings), expected) == lines(expected)


def test_the_cancellation_rate_is_that_of_the_bookings_made_in_the_month():
    expected = """
    | month_start | bookings | confirmed_bookings | canceled_bookings | cancellation_rate |
    | 2024-01-01  | 3        | 1                  | 1                 | 0.333333          |
    | 2024-02-01  | 1        | 0                  | 1                 | 1.000000          |
    """
    bookings = """
        | booking_id | booking_date | booking_status | checkin_date | checkout_date |
        | 1          | 2024-01-01   | completed      | 2024-03-01   | 2024-03-02    |
        | 2          | 2024-01-01   | pending        | 2024-03-01   | 2024-03-02    |
        | 3          | 2024-01-31   | canceled       | 2024-03-01   | 2024-03-02    |
        | 4          | 2024-02-01   | Cancelled      | 2024-03-01   | 2024-03-02    |
        | 5          | 2024-02-01   |                | 2024-03-01   | 2024-03-02    |
    """
    assert render(totals(date(2024, 2, 29), bookings=bookings), expected) == lines(expected)


def test_a_whole_month_is_compared_with_the_same_month_of_the_year_before():
    """February 2024 has 29 days, February 2025 has 28: two nights after one, 60.00 after 100.00."""
    expected = """
    | month_start | nights | nights_yoy | revenue_yoy |
    | 2024-02-01  | 1      |            |             |
    | 2025-02-01  | 2      | 1.000000   | -0.400000   |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date | total_price |
        | 1          | 2024-01-01   | 2024-02-29   | 2024-03-01    | 100.00      |
        | 2          | 2024-01-01   | 2025-02-27   | 2025-03-01    | 60.00       |
    """
    mart = [row for row in totals(date(2025, 2, 28), bookings=bookings) if row["nights"]]
    assert render(mart, expected) == lines(expected)
    (unfinished,) = [row for row in totals(date(2025, 2, 27), bookings=bookings) if row["is_partial"]]
    assert (unfinished["nights"], unfinished["nights_yoy"], unfinished["is_partial"]) == (1, None, True)


def test_places_have_their_own_figures_and_a_listing_never_seen_is_at_none():
    expected = """
        | level | city   | nights | available_nights | live_listings |
        | place | Madrid | 1      | 62               | 2             |
        | place | Oslo   | 0      | 31               | 1             |
        | place |        | 1      | 0                | 0             |
        | total |        | 2      | 93               | 3             |
    """
    flats = "| id |\n| 1 |\n| 2 |\n| 3 |"
    bookings = "| booking_id | apartment_id |\n| 1 | 1 |\n| 2 | 99 |"
    mart = market_performance_monthly(world(apartments=flats, bookings=bookings), date(2024, 1, 31))
    assert render(mart, expected) == lines(expected)
