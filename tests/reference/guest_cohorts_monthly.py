from collections import defaultdict
from datetime import date

from tests.reference.bookings import Booking, confirmed_by, without_rate
from tests.reference.calendar import DAY, month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum, ratio
from tests.reference.world import World


def guest_cohorts_monthly(world: World, as_of: date) -> list[Row]:
    """Per month of a guest's first confirmed booking, and every month since: who booked, and for how much.

    Every month up to that of `as_of` has a row. A booking without a user belongs to no cohort.
    """
    by_user: dict[int, list[Booking]] = defaultdict(list)
    for booking in confirmed_by(world, as_of):
        if booking.user is not None:
            by_user[booking.user].append(booking)
    cohorts: dict[date, list[list[Booking]]] = defaultdict(list)
    for bookings in by_user.values():
        cohorts[month_start(min(booking.booked_on for booking in bookings))].append(bookings)
    return [row for month, guests in cohorts.items() for row in cohort_rows(month, guests, as_of)]


def cohort_rows(cohort: date, guests: list[list[Booking]], as_of: date) -> list[Row]:
    rows, month = [], cohort
    while month <= as_of:
        rows.append(mart_row(cohort, len(rows), month, guests, as_of))
        month = month_end(month) + DAY
    return rows


def mart_row(cohort: date, since: int, month: date, guests: list[list[Booking]], as_of: date) -> Row:
    end = month_end(month)
    retained = [guest for guest in guests if any(month <= booking.booked_on <= end for booking in guest)]
    so_far = [booking for guest in guests for booking in guest if booking.booked_on <= end]
    return {
        "cohort_month": cohort,
        "months_since": since,
        "month_start": month,
        "size": len(guests),
        "retained": len(retained),
        "retention": ratio(len(retained), len(guests), 6),
        "spend_usd": known_sum(booking.usd for booking in so_far if booking.booked_on >= month),
        "cumulative_spend_usd": known_sum(booking.usd for booking in so_far),
        "rows_without_rate": without_rate(so_far),
        "is_partial": end > as_of,
    }
