"""Listings and their attributes."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace import words
from demo.marketplace.calendar import Calendar, Moments
from demo.marketplace.cities import CITIES, USD_PER_UNIT
from demo.marketplace.columns import Array, Columns, objects, pick

SOURCES = {"Airbnb": 50, "Zillow": 15, "Craigslist": 10, "Realtor": 10, "Apartments.com": 15}
CATEGORIES = {"Studio": 22, "1BHK": 38, "2BHK": 25, "3BHK": 11, "Penthouse": 4}
PRICE_FACTORS = {"Studio": 0.7, "1BHK": 0.9, "2BHK": 1.2, "3BHK": 1.6, "Penthouse": 2.4}
BEDROOMS = {"Studio": 0, "1BHK": 1, "2BHK": 2, "3BHK": 3, "Penthouse": 4}
PRICE_TYPES = {"Monthly": 90, "Yearly": 8, "One-time": 2}
SHOWN = {"${:,.2f}": 5, "${:.0f}": 3, "{:.2f}": 2}
NIGHTS_A_MONTH = 18
BEYOND_DOUBLE = 2**53
ACTIVE_SHARE = 0.52
PETS_UNKNOWN = 0.64


def listings(rng: Generator, calendar: Calendar, count: int) -> tuple[Columns, Columns]:
    """Listings by date of creation, and the attributes of each."""
    created = calendar.creations(rng, count).astype("datetime64[s]")
    apartments, attributes = made(rng, keys(rng, count), created)
    apartments["is_active"] = (rng.random(count) < ACTIVE_SHARE).astype(np.int64)
    begun = created.astype("datetime64[us]")
    apartments["last_modified_timestamp"] = calendar.between(rng, begun, np.full(count, calendar.end))
    return apartments, attributes


def keys(rng: Generator, count: int) -> Array:
    """Keys of which two thirds are too big for a double, half of those the neighbour of another."""
    number = np.arange(count)
    big = BEYOND_DOUBLE + number * 10**12 + rng.integers(0, 10**11, count) * 2
    return np.select([number % 3 == 0, number % 3 == 1], [1001 + number, big], np.roll(big, 1) + 1)


def made(rng: Generator, ids: Array, created: Moments) -> tuple[Columns, Columns]:
    """Active listings with these keys, without a cursor, and their attributes."""
    count = len(ids)
    city = pick(rng, {city: city.weight for city in CITIES}, count)
    category = pick(rng, CATEGORIES, count)
    factor = np.array([PRICE_FACTORS[name] for name in category]) * rng.lognormal(0, 0.25, count)
    usd = np.array([place.night_usd for place in city]) * factor
    rate = np.array([USD_PER_UNIT.get(place.currency, 1.0) for place in city])
    apartments = {
        "id": ids,
        "title": words.titles(rng, count),
        "source": pick(rng, SOURCES, count),
        "price": np.round(usd / rate, 2),
        "currency": objects([place.currency for place in city]),
        "listing_created_on": created,
        "is_active": np.ones(count, np.int64),
    }
    return apartments, {"id": ids} | _attributes(rng, city, category, usd)


def _attributes(rng: Generator, city: Array, category: Array, usd: Array) -> Columns:
    count = len(city)
    rooms = np.array([BEDROOMS[name] for name in category])
    shown = pick(rng, SHOWN, count)
    pets = rng.integers(0, 2, count).astype(float)
    pets[rng.random(count) < PETS_UNKNOWN] = np.nan
    latitude, longitude = (np.array([getattr(c, axis) for c in city]) for axis in ("latitude", "longitude"))
    return {
        "category": category,
        "body": words.bodies(rng, count),
        "amenities": words.amenities(rng, count),
        "bathrooms": pick(rng, {1.0: 5, 1.5: 2, 2.0: 3, 2.5: 1, np.nan: 1}, count).astype(float),
        "bedrooms": rooms,
        "fee": pick(rng, {0.0: 5, 25.0: 2, 49.9: 2, np.nan: 1}, count).astype(float),
        "has_photo": (rng.random(count) < 0.9).astype(np.int64),
        "pets_allowed": pets,
        "price_display": objects([how.format(x * NIGHTS_A_MONTH) for how, x in zip(shown, usd, strict=True)]),
        "price_type": pick(rng, PRICE_TYPES, count),
        "square_feet": 280 + 260 * rooms + rng.integers(0, 200, count),
        "address": words.addresses(rng, count),
        "cityname": objects([place.name for place in city]),
        "state": objects([place.state for place in city]),
        "latitude": np.round(latitude + rng.normal(0, 0.03, count), 6),
        "longitude": np.round(longitude + rng.normal(0, 0.03, count), 6),
    }
