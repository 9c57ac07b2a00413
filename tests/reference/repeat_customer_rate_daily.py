from collections import Counter, defaultdict
from datetime import date

from tests.reference.bookings import bookings_by
from tests.reference.calendar import DAY, days
from tests.reference.cleaning import Row
from tests.reference.money import ratio
from tests.reference.world import World

WINDOW_DAYS = 30


def repeat_customer_rate_daily(world: World, as_of: date) -> list[Row]:
    """Per day: of the users with a confirmed booking in the 30 days ending with it, the share with several.

    The days run from that of the first booking (of any status) to `as_of`. The first 29 see less than a full
    window and are partial. A booking without a user is nobody's.
    """
    bookings = bookings_by(world, as_of)
    if not bookings:
        return []
    first_day = min(booking.booked_on for booking in bookings)
    bookers: dict[date, list[int]] = defaultdict(list)
    for booking in bookings:
        if booking.is_confirmed and booking.user is not None:
            bookers[booking.booked_on].append(booking.user)
    return [mart_row(day, first_day, bookers) for day in days(first_day, as_of)]


def mart_row(day: date, first_day: date, bookers: dict[date, list[int]]) -> Row:
    window = days(day - (WINDOW_DAYS - 1) * DAY, day)
    bookings_per_user = Counter(user for one_day in window for user in bookers.get(one_day, []))
    repeat_users = sum(count >= 2 for count in bookings_per_user.values())
    return {
        "day": day,
        "users": len(bookings_per_user),
        "repeat_users": repeat_users,
        "repeat_rate": ratio(repeat_users, len(bookings_per_user), 6),
        "is_partial": day < first_day + (WINDOW_DAYS - 1) * DAY,
    }
