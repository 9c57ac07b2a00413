from datetime import date

from tests.reference import occupancy_rate_monthly
from tests.reference.worlds import seen, source, world
from tests.support.tables import lines, render

FLAT = "| id |\n| 1 |"


def totals(as_of, **tables):
    return totals_of(world(**tables), as_of)


def totals_of(world, as_of):
    return [row for row in occupancy_rate_monthly(world, as_of) if row["level"] == "total"]


def test_a_stay_over_a_month_end_counts_each_night_in_its_own_month():
    """Nights 30 and 31 of January and 1 of February: 2/31 and 1/29; per place and in total."""
    expected = """
    | month_start | level | city   | state | booked_nights | available_nights | occupancy_rate | is_partial |
    | 2024-01-01  | place | Madrid | MD    | 2             | 31               | 0.064516       | false      |
    | 2024-01-01  | total |        |       | 2             | 31               | 0.064516       | false      |
    | 2024-02-01  | place | Madrid | MD    | 1             | 29               | 0.034483       | false      |
    | 2024-02-01  | total |        |       | 1             | 29               | 0.034483       | false      |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-01-30   | 2024-02-02    |
    """
    mart = occupancy_rate_monthly(world(apartments=FLAT, bookings=bookings), date(2024, 2, 29))
    assert render(mart, expected) == lines(expected)


def test_the_leap_day_is_a_night_and_a_day_of_supply():
    expected = """
        | month_start | booked_nights | available_nights | occupancy_rate |
        | 2024-02-01  | 2             | 29               | 0.068966       |
    """
    flat = """
        | id | listing_created_on |
        | 1  | 2024-02-01         |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-02-28   | 2024-03-01    |
    """
    assert render(totals(date(2024, 2, 29), apartments=flat, bookings=bookings), expected) == lines(expected)


def test_a_night_booked_twice_counts_once():
    """Nights 10, 11 and 11, 12: three are booked, one of them double; 3/31."""
    expected = """
        | month_start | booked_nights | double_booked_nights | available_nights | occupancy_rate |
        | 2024-01-01  | 3             | 1                    | 31               | 0.096774       |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date | booking_status |
        | 1          | 2024-01-10   | 2024-01-12    | confirmed      |
        | 2          | 2024-01-11   | 2024-01-13    | completed      |
        | 3          | 2024-01-11   | 2024-01-13    | pending        |
        | 4          | 2024-01-11   | 2024-01-13    | canceled       |
    """
    assert render(totals(date(2024, 1, 31), apartments=FLAT, bookings=bookings), expected) == lines(expected)


def test_a_listing_inactive_for_part_of_a_month_supplies_the_other_days_only():
    """Live 1..10 and 21..31: 21 days. Nights 10 and 11 are booked, the 11th when it was not live."""
    expected = """
        | month_start | booked_nights | available_nights | occupancy_rate | booked_beyond_supply |
        | 2024-01-01  | 2             | 21               | 0.095238       | 1                    |
    """
    flat = "| id | is_active | last_modified_timestamp |\n| 1 | {} | {} |"
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-01-10   | 2024-01-12    |
    """
    off_and_on = seen(
        ("2024-01-02", source(apartments=flat.format(1, "2024-01-01"))),
        ("2024-01-12", source(apartments=flat.format(0, "2024-01-11 09:00"))),
        ("2024-01-22", source(apartments=flat.format(1, "2024-01-21 12:00"), bookings=bookings)),
    )
    assert render(totals_of(off_and_on, date(2024, 1, 31)), expected) == lines(expected)


def test_a_deleted_listing_keeps_its_history_until_the_day_it_was_found_deleted():
    """Live 1..15; the night of the 20th stays booked, in Madrid, beyond supply. No rows for February."""
    expected = """
        | month_start | level | city   | booked_nights | available_nights | booked_beyond_supply |
        | 2024-01-01  | place | Madrid | 1             | 15               | 1                    |
        | 2024-01-01  | total |        | 1             | 15               | 1                    |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-01-20   | 2024-01-21    |
    """
    gone = seen(
        ("2024-01-02", source(apartments=FLAT, bookings=bookings)),
        ("2024-01-16 08:00", source(attributes="", bookings=bookings)),
    )
    assert render(occupancy_rate_monthly(gone, date(2024, 2, 29)), expected) == lines(expected)


def test_days_before_the_first_known_version_are_assumed():
    """Created on 30 December, first known from 3 January on: 2 and 2 nights are assumed."""
    expected = """
        | month_start | available_nights | assumed_nights |
        | 2023-12-01  | 2                | 2              |
        | 2024-01-01  | 31               | 2              |
    """
    flat = """
        | id | listing_created_on | last_modified_timestamp |
        | 1  | 2023-12-30         | 2024-01-03 10:00        |
    """
    assert render(totals(date(2024, 1, 31), apartments=flat), expected) == lines(expected)


def test_the_unfinished_month_counts_days_up_to_as_of_on_both_sides():
    """As of the 10th: 10 days; of the nights 9..13 two; a booking made on the 11th does not count."""
    expected = """
        | month_start | booked_nights | available_nights | occupancy_rate | is_partial |
        | 2024-01-01  | 2             | 10               | 0.200000       | true       |
    """
    bookings = """
        | booking_id | booking_date | checkin_date | checkout_date |
        | 1          | 2024-01-01   | 2024-01-09   | 2024-01-14    |
        | 2          | 2024-01-11   | 2024-01-03   | 2024-01-05    |
    """
    assert render(totals(date(2024, 1, 10), apartments=FLAT, bookings=bookings), expected) == lines(expected)


def test_a_month_booked_but_never_available_has_a_row_without_a_rate():
    """A listing never seen: an unknown place, which is not the total."""
    expected = """
    | month_start | level | city | booked_nights | available_nights | occupancy_rate | booked_beyond_supply |
    | 2024-01-01  | place |      | 1             | 0                |                | 1                    |
    | 2024-01-01  | total |      | 1             | 0                |                | 1                    |
    """
    bookings = """
        | booking_id | apartment_id |
        | 1          | 99           |
    """
    mart = occupancy_rate_monthly(world(bookings=bookings), date(2024, 1, 31))
    assert render(mart, expected) == lines(expected)


def test_a_rate_above_one_is_shown():
    expected = """
        | month_start | booked_nights | available_nights | occupancy_rate | booked_beyond_supply |
        | 2024-01-01  | 2             | 1                | 2.000000       | 1                    |
    """
    flat = """
        | id | listing_created_on |
        | 1  | 2024-01-31         |
    """
    bookings = """
        | booking_id | checkin_date | checkout_date |
        | 1          | 2024-01-30   | 2024-02-01    |
    """
    assert render(totals(date(2024, 1, 31), apartments=flat, bookings=bookings), expected) == lines(expected)


def test_a_listing_whose_latest_row_is_rejected_leaves_but_its_bookings_stay():
    expected = """
        | month_start | level | city   | booked_nights | available_nights | booked_beyond_supply |
        | 2024-01-01  | place | Madrid | 1             | 0                | 1                    |
        | 2024-01-01  | total |        | 1             | 0                | 1                    |
    """
    broken = """
        | id | source | last_modified_timestamp |
        | 1  | Nobody | 2024-01-20              |
    """
    bookings = "| booking_id |\n| 1 |"
    rejected = seen(
        ("2024-01-02", source(apartments=FLAT, bookings=bookings)),
        ("2024-01-21", source(apartments=broken, bookings=bookings)),
    )
    assert render(occupancy_rate_monthly(rejected, date(2024, 1, 31)), expected) == lines(expected)


def test_a_rejected_latest_row_of_attributes_makes_the_place_unknown():
    expected = """
        | month_start | level | city | available_nights |
        | 2024-01-01  | place |      | 31               |
        | 2024-01-01  | total |      | 31               |
    """
    broken = """
        | id | cityname | state | square_feet |
        | 1  | Madrid   | MD    | 0           |
    """
    rejected = seen(("2024-01-02", source(apartments=FLAT)), ("2024-01-03", source(FLAT, attributes=broken)))
    assert render(occupancy_rate_monthly(rejected, date(2024, 1, 31)), expected) == lines(expected)


def test_a_stay_moved_to_another_month_and_one_confirmed_again_count_where_they_are_now():
    expected = """
        | month_start | booked_nights |
        | 2024-01-01  | 1             |
        | 2024-02-01  | 1             |
    """
    before = """
        | booking_id | checkin_date | checkout_date | booking_status |
        | 1          | 2024-01-10   | 2024-01-12    | confirmed      |
        | 2          | 2024-01-20   | 2024-01-21    | canceled       |
    """
    after = """
        | booking_id | checkin_date | checkout_date | booking_status |
        | 1          | 2024-02-10   | 2024-02-11    | confirmed      |
        | 2          | 2024-01-20   | 2024-01-21    | confirmed      |
    """
    moved = seen(
        ("2024-01-02", source(apartments=FLAT, bookings=before)),
        ("2024-01-03", source(apartments=FLAT, bookings=after)),
    )
    assert render(totals_of(moved, date(2024, 2, 29)), expected) == lines(expected)
