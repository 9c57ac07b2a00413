"""Tables as columns, an array for each, which is how millions of rows are made in seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]


def generator(seed: int, purpose: str) -> Generator:
    """Random numbers of their own for each purpose, so that one does not disturb the other."""
    return np.random.default_rng([seed, crc32(purpose.encode())])


def pick(rng: Generator, weighted: Mapping[Any, float], count: int) -> Array:
    """Values drawn by their weights."""
    steps = np.cumsum(np.fromiter(weighted.values(), float))
    return objects(weighted)[np.searchsorted(steps / steps[-1], rng.random(count), side="right")]


def objects(values: Collection[Any]) -> Array:
    """The values as they are, in an array."""
    result = np.empty(len(values), object)
    result[:] = list(values)
    return result


def joined(parts: Sequence[Columns]) -> Columns:
    """The rows of all parts, one part after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def chosen(columns: Columns, rows: Array | slice) -> Columns:
    """The rows at these positions, or where the mask is true."""
    return {name: values[rows] for name, values in columns.items()}


def height(columns: Columns) -> int:
    """How many rows there are."""
    return len(next(iter(columns.values())))
