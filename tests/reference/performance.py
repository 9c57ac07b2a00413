"""What listings sold, offered and received in a month, and the ratios of it."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.reference.bookings import Booking, bookings_by, confirmed_by
from tests.reference.calendar import days_per_month, month_end, month_start
from tests.reference.cleaning import Row
from tests.reference.money import known_sum, mean, median, ratio
from tests.reference.stay_nights import stay_nights
from tests.reference.supply import listings
from tests.reference.world import World


@dataclass
class Facts:
    """What is known of one listing, or of several, in one month."""

    nights: list[Decimal | None] = field(default_factory=list)
    arrivals: list[Booking] = field(default_factory=list)
    made: list[Booking] = field(default_factory=list)
    live: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: "Facts") -> None:
        """Takes in the facts of another listing."""
        self.nights += other.nights
        self.arrivals += other.arrivals
        self.made += other.made
        self.live |= other.live


def facts(world: World, as_of: date) -> dict[tuple[date, int | None], Facts]:
    """The facts by month and listing, up to `as_of`."""
    found: dict[tuple[date, int | None], Facts] = defaultdict(Facts)
    known = {booking.id for booking in confirmed_by(world, as_of)}
    for night in stay_nights(world):
        if night["booking_id"] in known and night["night"] <= as_of:
            found[month_start(night["night"]), night["apartment_id"]].nights.append(night["usd"])
    for booking in confirmed_by(world, as_of):
        if booking.nights and booking.checkin <= as_of:
            found[month_start(booking.checkin), booking.listing].arrivals.append(booking)
    for booking in bookings_by(world, as_of):
        if booking.status is not None:
            found[month_start(booking.booked_on), booking.listing].made.append(booking)
    for listing in listings(world):
        for span in listing.live:
            for month, days in days_per_month(span.first, min(span.last, as_of)):
                found[month, listing.id].live[listing.id] += days
    return found


def figures(month: date, one: Facts, before: Facts | None, as_of: date) -> Row:
    """The ratios of a month's facts, and their change from those of the year before."""
    canceled = sum(booking.status == "canceled" for booking in one.made)
    revenue, available = known_sum(one.nights), sum(one.live.values())
    rated = [usd for usd in one.nights if usd is not None]
    leads = [max((booking.checkin - booking.booked_on).days, 0) for booking in one.arrivals]
    before = None if month_end(month) > as_of else before
    return {
        "nights": len(one.nights),
        "available_nights": available,
        "revenue_usd": revenue,
        "rows_without_rate": len(one.nights) - len(rated),
        "adr_usd": ratio(sum(rated), len(rated), 2),
        "revpar_usd": None if revenue is None else ratio(revenue, available, 2),
        "stays": len(one.arrivals),
        "mean_stay_nights": mean([len(booking.nights) for booking in one.arrivals]),
        "mean_lead_days": mean(leads),
        "median_lead_days": median(leads),
        "bookings": len(one.made),
        "confirmed_bookings": sum(booking.is_confirmed for booking in one.made),
        "canceled_bookings": canceled,
        "cancellation_rate": ratio(canceled, len(one.made), 6),
        "nights_yoy": change(len(one.nights), len(before.nights) if before else None),
        "revenue_yoy": change(revenue, known_sum(before.nights) if before else None),
    }


def change(now: Decimal | int | None, before: Decimal | int | None) -> Decimal | None:
    """The change as a fraction of what was before; None where nothing was, or one is unknown."""
    return None if now is None or not before else ratio(now - before, before, 6)


def year_before(found: dict[tuple[date, Hashable], Facts], month: date, key: Hashable) -> Facts | None:
    """The facts of the same month a year earlier."""
    return found.get((month.replace(year=month.year - 1), key))
