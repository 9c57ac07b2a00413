"""The marketplace's next day, by the clock of its server."""

from __future__ import annotations

from random import Random
from typing import Any

from demo.marketplace.admin import Admin, counts, value
from demo.marketplace.changes import Changes
from demo.marketplace.columns import generator
from demo.marketplace.growth import grow
from demo.marketplace.late import LateCommit, open_late
from demo.marketplace.manifest import Manifest

__all__ = ["LateCommit", "evolve", "open_late"]

BOOKINGS_PER_CHANGE = 3_000
BROKEN_STATUS = "lost in space"
DEARER = "price = ROUND(price * 1.1, 2)"
UNTOUCHED_BOOKING = "total_price = total_price + 10, updated_at = updated_at"
UNTOUCHED_LISTING = "price = price + 5, last_modified_timestamp = last_modified_timestamp"


def evolve(admin: Admin, seed: int = 7, late: LateCommit | None = None) -> Manifest:
    """Plays a day: changes and deletions, new rows; then the late transaction commits, if one is given.

    Args:
        admin: Who may change the marketplace.
        seed: Chooses the rows, together with the state of the marketplace.
        late: A transaction opened before; its bookings are left alone.
    """
    with admin.connect() as connection, connection.cursor() as cursor:
        rows, highest = counts(cursor), value(cursor, "SELECT MAX(booking_id) FROM bookings")
        changes = Changes(cursor, Random(f"{seed}:{highest}"), late.keys if late else ())
        facts = _change(changes, max(2, rows["bookings"] // BOOKINGS_PER_CHANGE))
        connection.commit()
        inserted, arrived = grow(cursor, generator(seed, f"after booking {highest}"))
        connection.commit()
        if late:
            late.commit()
        today = value(cursor, "SELECT UTC_DATE()").isoformat()
        keys = late.keys if late else ()
        return Manifest(today, counts(cursor), inserted=inserted, arrived=arrived, late=keys, **facts)


def _change(changes: Changes, count: int) -> dict[str, Any]:
    """Everything that happens to rows that were there before, as the manifest tells it."""
    broken = changes.bookings(f"booking_status = '{BROKEN_STATUS}'", "booking_status = 'completed'", 1)
    return {
        "status_changes": changes.statuses(count),
        "moved": changes.move_stays(count),
        "untouched": {
            "bookings": changes.bookings(UNTOUCHED_BOOKING, "booking_status = 'completed'", count),
            "apartments": changes.apartments(UNTOUCHED_LISTING, "is_active", 2),
        },
        "repriced": changes.apartments(DEARER, "is_active", count),
        "deactivated": changes.apartments("is_active = 0", "is_active", 2),
        "activated": changes.apartments("is_active = 1", "NOT is_active", 2),
        "relocated": changes.relocate(2),
        "repaired": changes.repair(),
        "broken": broken,
        "rejected": {"bookings": {"booking_status_unknown": len(broken)}},
        "deleted": _delete(changes),
    }


def _delete(changes: Changes) -> dict[str, tuple[int, ...]]:
    listings = changes.delete_listings(2)
    return {"bookings": changes.delete_bookings(3), "apartments": listings, "apartment_attributes": listings}
