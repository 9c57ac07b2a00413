from tests.reference import stay_nights
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render


def test_each_night_has_its_cents_and_the_last_one_the_rest():
    """100.00 over 3 nights; checkout day is no night; the stay crosses a month and the leap day."""
    expected = """
        | booking_id | apartment_id | user_id | night      | amount | currency | usd   | month_start |
        | 1          | 1            | 1       | 2024-02-28 | 33.33  | USD      | 33.33 | 2024-02-01  |
        | 1          | 1            | 1       | 2024-02-29 | 33.33  | USD      | 33.33 | 2024-02-01  |
        | 1          | 1            | 1       | 2024-03-01 | 33.34  | USD      | 33.34 | 2024-03-01  |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date | total_price |
        | 1          | 2024-02-28   | 2024-03-02    | 100.00      |
    """
    assert render(stay_nights(world(bookings=bookings)), expected) == lines(expected)


def test_dollars_are_converted_once_per_booking_and_then_spread():
    """100.00 EUR at 1.105 are 110.50; 36.83 + 36.83 + 36.84, not three times the dollars of 33.33."""
    expected = """
        | booked_on  | night      | amount | currency | usd   |
        | 2024-01-03 | 2024-01-10 | 33.33  | EUR      | 36.83 |
        | 2024-01-03 | 2024-01-11 | 33.33  | EUR      | 36.83 |
        | 2024-01-03 | 2024-01-12 | 33.34  | EUR      | 36.84 |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date | total_price | currency |
        | 1          | 2024-01-03   | 2024-01-10   | 2024-01-13    | 100.00      | EUR      |
    """
    rates = """
        | currency | rate_date  | usd_per_unit |
        | EUR      | 2024-01-03 | 1.10500000   |
        | EUR      | 2024-01-10 | 9.00000000   |
    """
    assert render(stay_nights(world(bookings=bookings, rates=rates)), expected) == lines(expected)


def test_an_unknown_currency_has_nights_without_dollars():
    expected = """
        | night      | amount | currency | usd |
        | 2024-01-10 | 100.00 | XXX      |     |
    """
    bookings = """
        | booking_id | currency |
        | 1          | XXX      |
    """
    assert render(stay_nights(world(bookings=bookings)), expected) == lines(expected)


def test_only_clean_confirmed_and_completed_stays_have_nights():
    """3 and 4 never slept; 5 goes out before it comes; 6 has a status nobody knows."""
    expected = """
        | booking_id |
        | 1          |
        | 2          |
    """
    bookings = """
        | booking_id | booking_status | checkout_date |
        | 1          | confirmed      | 2024-01-11    |
        | 2          | Completed      | 2024-01-11    |
        | 3          | pending        | 2024-01-11    |
        | 4          | cancelled      | 2024-01-11    |
        | 5          | confirmed      | 2024-01-09    |
        | 6          | maybe          | 2024-01-11    |
    """
    assert render(stay_nights(world(bookings=bookings)), expected) == lines(expected)


def test_a_moved_stay_has_only_its_new_nights_and_a_deleted_one_none():
    expected = """
        | booking_id | night      |
        | 1          | 2024-02-10 |
    """
    before = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-01-10   | 2024-01-11    |
        | 2          | 2024-01-10   | 2024-01-11    |
    """
    after = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-02-10   | 2024-02-11    |
    """
    moved = seen(("2024-01-02", source(bookings=before)), ("2024-01-03", source(bookings=after)))
    assert render(stay_nights(moved), expected) == lines(expected)
