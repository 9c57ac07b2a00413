from collections import defaultdict
from datetime import date

from tests.reference.bookings import Booking, canceled_by, without_rate
from tests.reference.calendar import month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum, mean, median
from tests.reference.places import Group, Places
from tests.reference.world import World

Canceled = list[tuple[Booking, date]]


def cancellations_monthly(world: World, as_of: date) -> list[Row]:
    """Per month of cancellation and place, and per month: how many, how much, and how long before check-in."""
    places = Places(world)
    by_group: dict[tuple[date, Group], Canceled] = defaultdict(list)
    for booking, day in canceled_by(world, as_of):
        for group in places.groups(booking.listing):
            by_group[month_start(day), group].append((booking, day))
    return [mart_row(month, group, canceled, as_of) for (month, group), canceled in by_group.items()]


def mart_row(month: date, group: Group, canceled: Canceled, as_of: date) -> Row:
    level, city, state = group
    bookings = [booking for booking, _ in canceled]
    notice = [(booking.checkin - day).days for booking, day in canceled if booking.checkin]
    return {
        "month_start": month,
        "level": level,
        "city": city,
        "state": state,
        "cancellations": len(bookings),
        "canceled_nights": sum(len(booking.nights) for booking in bookings),
        "canceled_usd": known_sum(booking.usd for booking in bookings),
        "rows_without_rate": without_rate(bookings),
        "mean_notice_days": mean(notice),
        "median_notice_days": median(notice),
        "canceled_after_checkin": sum(days < 0 for days in notice),
        "is_partial": month_end(month) > as_of,
    }
