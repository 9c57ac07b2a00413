"""Looks at listings, and whether a booking came of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.reference.world import World

LEADS_WITHIN = timedelta(days=30)
CONTACTS = {"Contact Agent", "Book Now"}


@dataclass(frozen=True)
class Look:
    """A user looked at a listing."""

    user: int
    listing: int
    at: datetime
    wished: bool
    contacted: bool

    def led_to(self, user: int | None, listing: int | None, booked_at: datetime) -> bool:
        """Was the booking of the same user and listing made within thirty days of the look?"""
        same = (self.user, self.listing) == (user, listing)
        return same and timedelta(0) <= booked_at - self.at <= LEADS_WITHIN


def looks_by(world: World, as_of: date) -> list[Look]:
    """The looks on `as_of` or earlier."""
    looks = [
        Look(
            user=row["user_id"],
            listing=row["apartment_id"],
            at=row["viewed_at"],
            wished=bool(row["is_wishlisted"]),
            contacted=row["call_to_action"] in CONTACTS,
        )
        for row in world.live("user_viewing")
    ]
    return [look for look in looks if look.at.date() <= as_of]
