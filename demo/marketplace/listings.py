"""Listings, their attributes and the exchange rates, with their dirt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

CITIES = (
    ("New York", "NY", "USD", 260), ("Los Angeles", "CA", "USD", 220), ("Chicago", "IL", "USD", 150),
    ("Austin", "TX", "USD", 140), ("Dallas", "TX", "USD", 120), ("Houston", "TX", "USD", 115),
    ("Seattle", "WA", "USD", 190), ("Denver", "CO", "USD", 145), ("Miami", "FL", "USD", 210),
    ("Boston", "MA", "USD", 230), ("San Francisco", "CA", "USD", 290), ("Portland", "OR", "USD", 130),
    ("Paris", "Île-de-France", "EUR", 180), ("Berlin", "Berlin", "EUR", 120), ("London", "England", "GBP", 170),
    ("Toronto", "Ontario", "CAD", 190), ("Tokyo", "東京都", "JPY", 19000), ("Mumbai", "Maharashtra", "INR", 6500),
    ("Zürich", "Zürich", "CHF", 220), ("Mexico City", "CDMX", "MXN", 1900),
)  # fmt: skip
RATES = {
    "EUR": "1.08",
    "GBP": "1.27",
    "CAD": "0.73",
    "JPY": "0.0067",
    "INR": "0.012",
    "CHF": "1.13",
    "MXN": "0.055",
}
SOURCES = ("Airbnb", "Zillow", "Craigslist", "Realtor", "Apartments.com")
TITLES = (
    "Sunny loft",
    'The "Grand" flat',
    "Line\nbreak studio",
    "Tab\there",
    "Back\\slash home",
    "日本の家",
    "Cosy 🏠 nest",
)
NO_PLACE = (None, "null", "NA", "N/A", "Undefined", "")
AMENITIES = ("Gym", "Pool", "Balcony", "Garden", "Parking", "Air Conditioning")
GAP_CURRENCY = "MXN"


@dataclass(frozen=True)
class Listing:
    """A listing as the generator knows it."""

    id: int
    city: int
    created: date
    nightly: int
    currency: str


def listings(count: int, random: Random, today: date) -> list[Listing]:
    """Listings made over three years; two thirds of the numbers are beyond 2^53."""
    found = []
    for n in range(1, count + 1):
        city = min(int(random.expovariate(0.22)), len(CITIES) - 1)
        number = n if n % 3 == 0 else 9_007_199_254_740_993 + n * 7
        created = today - timedelta(days=random.randint(5, 1095))
        nightly = max(1, int(CITIES[city][3] * random.uniform(0.5, 1.9)))
        found.append(Listing(number, city, created, nightly, CITIES[city][2]))
    return found


def apartments(every: list[Listing], random: Random, today: date, planted: dict[str, int]) -> Iterator[tuple]:
    """Rows of `apartments`."""
    faults = ["source_unknown", "price_not_negative", "unknown_currency"] * max(1, len(every) // 1000)
    midnight = datetime.combine(today, time())
    for listing in every:
        fault = faults.pop() if faults and random.random() < 0.05 else ""
        if fault:
            planted[fault] = planted.get(fault, 0) + 1
        modified = datetime.combine(listing.created, time(9)) + timedelta(seconds=random.randint(0, 86_400 * 700))
        stamp = min(modified, midnight - timedelta(microseconds=random.randint(1, 10**10)))
        yield (
            listing.id,
            f"{random.choice(TITLES)} {listing.id % 1000}",
            "Facebook" if fault == "source_unknown" else random.choice(SOURCES),
            Decimal(-5 if fault == "price_not_negative" else listing.nightly * 25),
            "XXX" if fault == "unknown_currency" else listing.currency,
            datetime.combine(listing.created, time(random.randint(0, 23), random.randint(0, 59))),
            random.random() < 0.85,
            stamp,
        )


def attributes(every: list[Listing], random: Random, planted: dict[str, int]) -> Iterator[tuple]:
    """Rows of `apartment_attributes`."""
    kinds = ["category_unknown", "price_type_unknown", "price_display_unreadable",
             "latitude_in_range", "longitude_in_range", "square_feet_positive"]  # fmt: skip
    faults = kinds * max(1, len(every) // 2000)
    for listing in every:
        fault = faults.pop() if faults and random.random() < 0.05 else ""
        if fault:
            planted[fault] = planted.get(fault, 0) + 1
        city, state = CITIES[listing.city][:2]
        unknown = random.random() < 0.02
        yield (
            listing.id,
            "Castle" if fault == "category_unknown" else random.choice(("Studio", "1BHK", "2BHK", "3BHK", "Penthouse")),
            random.choice(('Quiet.\nClose to the "park".', "明るい部屋 ☀️", "Walk-up; C:\\keys under the mat")),
            ", ".join(random.sample(AMENITIES, random.randint(0, 4))),
            Decimal(random.choice(("1.0", "1.5", "2.0"))),
            random.randint(0, 4),
            Decimal(random.randint(0, 50000)) / 100,
            random.random() < 0.9,
            None if random.random() < 0.64 else random.random() < 0.5,
            "call us" if fault == "price_display_unreadable" else f"${listing.nightly * 25:,.2f}",
            "Weekly" if fault == "price_type_unknown" else random.choice(("Monthly", "Yearly", "One-time")),
            0 if fault == "square_feet_positive" else random.randint(150, 2500),
            f"{random.randint(1, 999)} Main Street",
            random.choice(NO_PLACE) if unknown else city,
            random.choice(NO_PLACE) if unknown else state,
            Decimal("95.5") if fault == "latitude_in_range" else Decimal(random.randint(-60000000, 60000000)) / 1000000,
            Decimal("181.25")
            if fault == "longitude_in_range"
            else Decimal(random.randint(-179000000, 179000000)) / 10**6,
        )


def exchange_rates(random: Random, today: date, planted: dict[str, int]) -> Iterator[tuple]:
    """Weekday rates of three years; one currency has a gap of twelve days, one rate is nonsense."""
    for currency, start in RATES.items():
        rate = float(start)
        for back in range(1100, 0, -1):
            day = today - timedelta(days=back)
            rate *= 1 + random.uniform(-0.006, 0.006)
            if day.weekday() >= 5 or (currency == GAP_CURRENCY and 200 <= back < 212):
                continue
            value = Decimal(f"{rate:.8f}")
            if currency == "CHF" and back in range(100, 103):
                planted["rate_positive"] = planted.get("rate_positive", 0) + 1
                value = Decimal(0)
            yield currency, day, value, datetime.combine(day, time(16)) + timedelta(microseconds=back)
