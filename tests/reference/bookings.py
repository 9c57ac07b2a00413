"""The bookings that count: live, clean, and made by the day of the question."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from tests.reference.calendar import DAY
from tests.reference.cleaning import Row, clean
from tests.reference.money import Rates
from tests.reference.world import Seen, World


@dataclass(frozen=True)
class Booking:
    """A clean booking with its price in dollars at the rate of the day it was made."""

    id: int
    user: int
    listing: int
    booked_at: datetime | None
    checkin: date | None
    checkout: date | None
    status: str | None
    price: Decimal
    currency: str | None
    usd: Decimal | None

    @property
    def booked_on(self) -> date | None:
        """The day it was made."""
        return self.booked_at.date() if self.booked_at else None

    @property
    def is_confirmed(self) -> bool:
        """Confirmed, or already completed."""
        return self.status in {"confirmed", "completed"}

    @property
    def nights(self) -> list[date]:
        """The days slept: from check-in to the day before checkout."""
        if self.checkin is None or self.checkout is None:
            return []
        return [self.checkin + night * DAY for night in range((self.checkout - self.checkin).days)]


def to_booking(row: Row, rates: Rates) -> Booking:
    """The booking of a clean row."""
    booked_on = row["booking_date"].date() if row["booking_date"] else None
    return Booking(
        id=row["booking_id"],
        user=row["user_id"],
        listing=row["apartment_id"],
        booked_at=row["booking_date"],
        checkin=row["checkin_date"],
        checkout=row["checkout_date"],
        status=row["booking_status"],
        price=row["total_price"],
        currency=row["currency"],
        usd=rates.usd(row["total_price"], row["currency"], booked_on),
    )


def all_bookings(world: World) -> list[Booking]:
    """Every live, clean booking, of any status and day."""
    rates = Rates(world)
    return [to_booking(row, rates) for row in world.live("bookings")]


def bookings_by(world: World, as_of: date) -> list[Booking]:
    """The bookings made on `as_of` or earlier, of any status."""
    return [booking for booking in all_bookings(world) if booking.booked_on and booking.booked_on <= as_of]


def confirmed_by(world: World, as_of: date) -> list[Booking]:
    """The confirmed bookings made on `as_of` or earlier."""
    return [booking for booking in bookings_by(world, as_of) if booking.is_confirmed]


def canceled_by(world: World, as_of: date) -> list[tuple[Booking, date]]:
    """The bookings made by `as_of` that are canceled now, each with its day of cancellation, also by `as_of`."""
    canceled = [booking for booking in bookings_by(world, as_of) if booking.status == "canceled"]
    dated = [(booking, canceled_at(world.bookings[booking.id]).date()) for booking in canceled]
    return [(booking, day) for booking, day in dated if day <= as_of]


def canceled_at(versions: list[Seen]) -> datetime:
    """When the first canceled one of these versions began: by its cursor, if nothing known before is later.

    A version that is rejected is as if never seen, and so is its deletion.
    """
    latest = datetime.min
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        row = clean("bookings", version.row)
        if isinstance(row, str):
            continue
        latest = max(latest, row["updated_at"])
        if row["booking_status"] == "canceled":
            return latest
        if version.deleted_at and (following is None or following.deleted_at != version.deleted_at):
            latest = max(latest, version.deleted_at)
    raise ValueError("no version of this booking is canceled")


def without_rate(bookings: list[Booking]) -> int:
    """How many have no price in dollars."""
    return sum(booking.usd is None for booking in bookings)
