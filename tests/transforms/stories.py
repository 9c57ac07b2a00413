"""Drawn stories: a small marketplace that changes several times, and what the feeds of its tables tell of it.

Its days lie at a leap day, a turn of the year in ISO week 53, and the same months a year later.
"""

import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.reference import MARTS, World, stay_nights
from tests.reference.world import Seen
from tests.transforms.drawn import silver

Row = dict[str, Any]
Rows = dict[str, list[Row]]
KEYS = {
    "bookings": ("booking_id",),
    "bookings_history": ("booking_id", "_seq"),
    "apartments_history": ("id", "_seq"),
    "apartment_attributes": ("id",),
    "user_viewing": ("user_id", "apartment_id", "viewed_at"),
    "exchange_rates": ("currency", "rate_date"),
    "stay_nights": ("booking_id", "night"),
}
STARTS = [date(2020, 2, 26), date(2020, 12, 26), date(2021, 2, 25), date(2021, 3, 27)]
OBSERVED = datetime(2021, 1, 2, 12)
STAMPS = {"apartments": "last_modified_timestamp", "bookings": "updated_at"}
STATUSES = (
    "confirmed",
    "confirmed",
    "completed",
    "completed",
    "canceled",
    "canceled",
    "canceled",
    "pending",
    "lost",
    None,
)
LISTINGS, USERS = range(1, 6), (11, 12, 13, 14, None)


@dataclass(frozen=True)
class Chapter:
    """What silver and the marts were before a change and are after it, and the rows that changed."""

    before: Rows
    after: Rows
    images: Rows
    was: date
    as_of: date


def story(seed: int) -> Iterator[Chapter]:
    """Two or three changes, one after the other, each of one or two commits."""
    dice = random.Random(seed)
    market = Market(dice)
    as_of = day(dice, STARTS[1:])
    before = known(market.world, as_of)
    for number in range(1, dice.choice([3, 3, 4])):
        was, images = as_of, {table: [] for table in KEYS}
        as_of = dice.choice([was, was, was + timedelta(days=dice.randint(-9, 9)), day(dice, STARTS[1:])])
        for commit in range(dice.choice([1, 1, 2])):
            old = silver(market.world)
            market.change(OBSERVED + timedelta(days=7 * number + commit))
            for table, rows in silver(market.world).items():
                images[table] += feed(table, old[table], rows, commit)
        after = known(market.world, as_of)
        images["stay_nights"] = feed("stay_nights", before["stay_nights"], after["stay_nights"], 0)
        yield Chapter(before, after, {name: rows for name, rows in images.items() if rows}, was, as_of)
        before = after


def known(world: World, as_of: date) -> Rows:
    """Silver and all marts, these by the reference."""
    marts = {name: build(world, as_of) for name, build in MARTS.items()}
    return silver(world) | marts | {"stay_nights": stay_nights(world)}


def feed(table: str, old: list[Row], new: list[Row], commit: int) -> list[Row]:
    """The rows of a table before and after a commit, as the change feed tells them."""
    was, now = ({tuple(row[name] for name in KEYS[table]): row for row in rows} for rows in (old, new))
    found = []
    for key in sorted(was.keys() | now.keys(), key=str):
        if was.get(key) == now.get(key):
            continue
        types = ("update_preimage", "update_postimage") if key in was and key in now else ("delete", "insert")
        sides = zip((was.get(key), now.get(key)), types, strict=True)
        found += [row | {"_change_type": kind, "_commit_version": commit} for row, kind in sides if row]
    return found


def day(dice: random.Random, starts: list[date] = STARTS) -> date:
    return dice.choice(starts) + timedelta(days=dice.randrange(9))


def moment(dice: random.Random) -> datetime:
    return datetime.combine(day(dice), dice.choice([time(0), time(9, 30), time(23, 59, 59)]))


class Market:
    """The source of a story, and what the pipeline has seen of it."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.world = dice, World()
        self.drawn = {
            "apartments": self.apartment,
            "bookings": self.booking,
            "apartment_attributes": self.place,
            "user_viewing": self.look,
            "exchange_rates": self.rate,
        }
        self.rows: dict[str, dict[int, Row]] = {table: {} for table in self.drawn}
        for table, most in (("apartments", 5), ("apartment_attributes", 5), ("bookings", 12), ("exchange_rates", 16)):
            for number in range(1, most + 1):
                self.rows[table][number] = self.drawn[table](number)
        self.rows["user_viewing"] = {number: self.look(number) for number in range(1, 9)}
        self.observe(OBSERVED - timedelta(days=9))
        for table in ("apartments", "bookings"):
            for _ in range(3):
                self.touch(table)
        self.observe(OBSERVED)

    def change(self, at: datetime) -> None:
        """Some rows come, go or become others; now and then all that was known of one was another."""
        for table in sorted({self.dice.choice(["bookings", *self.drawn]) for _ in range(2)}):
            for _ in range(self.dice.choice([1, 1, 2])):
                self.touch(table)
        self.observe(at)
        if self.dice.random() < 0.4:
            self.rewrite(self.dice.choice(["apartments", "bookings"]))

    def touch(self, table: str) -> None:
        number = self.dice.randint(1, len(self.rows[table]) + 1)
        if self.dice.random() < 0.25:
            self.rows[table].pop(number, None)
        else:
            fresh, old = self.drawn[table](number), self.rows[table].get(number, {})
            kept = {name: value for name, value in old.items() if self.dice.random() < 0.6}
            self.rows[table][number] = fresh | kept | self.stamped(table, number, fresh)

    def stamped(self, table: str, number: int, row: Row) -> Row:
        """The stamp of a new version, which is not before what was known of the row."""
        if table not in STAMPS:
            return {}
        stamp, known = STAMPS[table], self.versions(table).get(number, [])
        times = [row[stamp], *(seen.row[stamp] for seen in known), *(seen.deleted_at for seen in known)]
        return {stamp: max(time for time in times if time)}

    def versions(self, table: str) -> dict[int, list[Seen]]:
        return self.world.apartments if table == "apartments" else self.world.bookings

    def observe(self, at: datetime) -> None:
        """Takes in the source; two rows of one key are one."""
        tables = {}
        for table, rows in self.rows.items():
            key = KEYS.get(table, ("id",))
            tables[table] = list({tuple(row[name] for name in key): row for row in deepcopy(rows).values()}.values())
        self.world.observe(tables, at)

    def rewrite(self, table: str) -> None:
        """All versions of a row but the last are others: a history that was loaded anew."""
        stamp, versions = STAMPS[table], self.versions(table)
        number = self.dice.choice(sorted(versions))
        last = versions[number][-1]
        rows = [self.drawn[table](number) for _ in range(self.dice.randint(0, 2))]
        earlier = [row | {stamp: min(row[stamp], last.row[stamp])} for row in rows]
        versions[number] = [*(Seen(row) for row in sorted(earlier, key=lambda row: row[stamp])), last]

    def apartment(self, number: int) -> Row:
        dice = self.dice
        return {
            "id": number,
            "title": "Flat",
            "source": dice.choice(["Airbnb"] * 9 + ["Nobody"]),
            "price": Decimal(dice.choice(["0.00", "99.99", "100.00", "120.50"])),
            "currency": dice.choice(["USD", "EUR", "EUR", "XXX", None]),
            "listing_created_on": moment(dice),
            "is_active": dice.choice([1, 1, 1, 0, None]),
            "last_modified_timestamp": moment(dice),
        }

    def booking(self, number: int) -> Row:
        dice = self.dice
        made = moment(dice)
        checkin = made.date() + timedelta(days=dice.choice([0, 1, 3, 30, -2]))
        return {
            "booking_id": number,
            "user_id": dice.choice(USERS),
            "apartment_id": dice.choice([*LISTINGS, 99, None]),
            "booking_date": dice.choice([made] * 9 + [None]),
            "checkin_date": checkin,
            "checkout_date": checkin + timedelta(days=dice.choice([1, 2, 3, 7, 35, 0])),
            "total_price": Decimal(dice.choice(["0.02", "100.00", "333.33"])),
            "currency": dice.choice(["USD", "EUR", "EUR", "XXX", None]),
            "booking_status": dice.choice(STATUSES),
            "payment_status": "paid",
            "num_guests": 2,
            "updated_at": moment(dice),
        }

    def place(self, number: int) -> Row:
        city, state = self.dice.choice([("Bern", "BE"), ("Bern", None), ("Zug", "ZG"), ("N/A", "")])
        return {"id": number, "cityname": city, "state": state, "square_feet": self.dice.choice([10, 10, 10, 0])}

    def look(self, number: int) -> Row:
        """Of anybody at anything, or about thirty days before a booking by the one who booked."""
        dice = self.dice
        at, who, what = moment(dice), dice.choice(USERS[:-1]), dice.choice([*LISTINGS, 99])
        booked = [b for b in self.rows["bookings"].values() if b["user_id"] and b["apartment_id"] and b["booking_date"]]
        if booked and dice.random() < 0.7:
            booking = dice.choice(booked)
            gap = dice.choice([timedelta(0), timedelta(days=7), timedelta(days=30), timedelta(days=30, seconds=1)])
            at, who, what = booking["booking_date"] - gap, booking["user_id"], booking["apartment_id"]
        return {
            "user_id": who,
            "apartment_id": what,
            "viewed_at": at,
            "is_wishlisted": dice.choice([1, 0, None]),
            "call_to_action": dice.choice(["Contact Agent", "Book Now", "Shortlisted", None]),
        }

    def rate(self, number: int) -> Row:
        return {
            "currency": "EUR" if number % 4 else "USD",
            "rate_date": day(self.dice) - timedelta(days=self.dice.randrange(9)),
            "usd_per_unit": Decimal(self.dice.choice(["1.10009", "0.5", "1.25"])),
            "updated_at": OBSERVED,
        }
