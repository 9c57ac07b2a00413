"""Bookings and viewings, with their dirt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from demo.marketplace.listings import Listing

STATUSES = ("confirmed", "CONFIRMED", "completed", " completed ", "pending", "canceled", "Cancelled")
WEIGHTS = (40, 5, 30, 5, 8, 8, 4)
FAULTS = ("booking_status_unknown", "payment_status_unknown", "total_price_missing", "price_not_negative")
ORPHAN, STRANGE = "orphans", "unknown_currency"
ACTIONS = ("Contact Agent", "Book Now", "Shortlisted", "Save for Later", "Reported")


def bookings(
    count: int, every: list[Listing], random: Random, today: date, planted: dict[str, int], first: int = 1
) -> Iterator[tuple]:
    """Rows of `bookings`: more each year, more in summer; check-ins up to 90 days ahead."""
    midnight = datetime.combine(today, time())
    faults = [*FAULTS, ORPHAN, STRANGE] * max(1, count // 5000)
    days_since = sorted(int(1095 * (1 - random.random() ** 0.6)) for _ in range(count))
    for n in range(first, first + count):
        listing = every[min(int(random.expovariate(4 / len(every))), len(every) - 1)]
        booked_on = max(today - timedelta(days=days_since[n - first] + 1), listing.created)
        booked_at = datetime.combine(
            min(booked_on, today - timedelta(days=1)), time(random.randint(0, 23), random.randint(0, 59))
        )
        checkin = booked_at.date() + timedelta(days=random.randint(0, 90))
        nights = min(14, 1 + int(random.expovariate(0.33)))
        backwards = random.random() < 0.006
        fault = "checkout_after_checkin" if backwards else faults.pop() if faults and random.random() < 0.01 else ""
        if fault:
            planted[fault] = planted.get(fault, 0) + 1
        price = Decimal(listing.nightly * nights * 100 + random.randint(-99, 99)) / 100
        updated = booked_at + timedelta(seconds=random.randint(1, 86_400 * 60), microseconds=random.randint(0, 999_999))
        yield (
            n,
            1 + int(random.paretovariate(0.9)) % max(20, count // 4),
            999_000_000 + n if fault == ORPHAN else listing.id,
            booked_at,
            checkin,
            checkin - timedelta(days=random.randint(0, 3)) if backwards else checkin + timedelta(days=nights),
            None if fault == "total_price_missing" else -price if fault == "price_not_negative" else price,
            "XXX" if fault == STRANGE else listing.currency,
            "maybe" if fault == "booking_status_unknown" else random.choices(STATUSES, WEIGHTS)[0],
            "crypto" if fault == "payment_status_unknown" else random.choice(("paid", "pending", "failed", "refunded")),
            random.randint(1, 6),
            min(updated, midnight - timedelta(microseconds=random.randint(1, 10**9))),
        )


def viewings(count: int, every: list[Listing], random: Random, today: date, planted: dict[str, int]) -> Iterator[tuple]:
    """Rows of `user_viewing`."""
    midnight = datetime.combine(today, time())
    for n in range(count):
        listing = every[min(int(random.expovariate(4 / len(every))), len(every) - 1)]
        fault = n % 10_000 == 77
        if fault:
            planted["call_to_action_unknown"] = planted.get("call_to_action_unknown", 0) + 1
        yield (
            1 + int(random.paretovariate(0.9)) % 20_000,
            listing.id,
            midnight - timedelta(seconds=random.randint(60, 86_400 * 1090), microseconds=n + 1),
            random.random() < 0.2,
            "Fax" if fault else random.choice(ACTIONS),
        )
