"""What people write into titles, descriptions and addresses."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace.columns import Array, objects

ADJECTIVES = ("Sunny", "Quiet", "Modern", "Cosy", "Spacious", "Renovated", "Charming", "Stylish", "Bright")
NOUNS = ("loft", "apartment", "studio", "flat", "suite", "hideaway", "penthouse", "garden home", "townhouse")
VIEWS = ("near the park", "with a view", "downtown", "by the water", "close to everything", "with a balcony")
STREETS = ("Main St", "Oak Ave", "Park Rd", "2nd St", "Lake Dr", "Hill St", "Market St", "Church Ln")
AMENITIES = (
    "Wifi", "Kitchen", "Parking", "Pool", "Gym", "Washer", "Dryer", "Elevator", "Air conditioning", "Heating",
    "TV", "Dishwasher", "Fireplace", "Patio/Deck", "Wheelchair access",
)  # fmt: skip
SENTENCES = 3
HIDDEN_SHARE = 0.1


def titles(rng: Generator, count: int) -> Array:
    """Headlines of listings."""
    words = (objects(options)[rng.integers(0, len(options), count)] for options in (ADJECTIVES, NOUNS, VIEWS))
    return objects([" ".join(chosen) for chosen in zip(*words, strict=True)])


def bodies(rng: Generator, count: int) -> Array:
    """Descriptions of some sentences."""
    sentences = [titles(rng, count) for _ in range(SENTENCES)]
    return objects([". ".join(chosen) + "." for chosen in zip(*sentences, strict=True)])


def amenities(rng: Generator, count: int) -> Array:
    """Comma lists of what a listing offers, with a blank after the comma or without."""
    offered = rng.random((count, len(AMENITIES))) < 0.3
    offered[:, 0] |= ~offered.any(axis=1)
    separators = objects((", ", ","))[rng.integers(0, 2, count)]
    names = np.array(AMENITIES)
    return objects([mark.join(names[row]) for mark, row in zip(separators, offered, strict=True)])


def addresses(rng: Generator, count: int) -> Array:
    """Streets with their numbers; nothing for those who hide it."""
    streets = objects(STREETS)[rng.integers(0, len(STREETS), count)]
    numbers = rng.integers(1, 2000, count)
    shown = objects([f"{number} {street}" for number, street in zip(numbers, streets, strict=True)])
    shown[rng.random(count) < HIDDEN_SHARE] = None
    return shown
