"""What is wrong with real data, planted a known number of times, one kind a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from demo.marketplace.columns import Array, Columns, height, objects

Effect = Literal["quarantined", "warned", "harmless"]
Spoil = Callable[[Generator, Columns, Array], None]
Eligible = Callable[[Columns], Array]


@dataclass(frozen=True)
class Dirt:
    """A kind of dirt.

    Attributes:
        name: The rule that rejects it, or its own name.
        share: How many of the rows have it; at least one does.
        spoil: Makes it, at these positions.
        effect: What the pipeline must do with it.
        eligible: Where it can be made; everywhere by default.
        width: Rows that it takes for one case.
    """

    name: str
    share: float
    spoil: Spoil
    effect: Effect = "quarantined"
    eligible: Eligible | None = None
    width: int = 1


def choose(column: str, *values: object) -> Spoil:
    """Puts the values into the column, one after the other."""

    def spoil(_: Generator, columns: Columns, rows: Array) -> None:
        columns[column][rows] = objects(values)[np.arange(len(rows)) % len(values)]

    return spoil


def append(column: str, text: str) -> Spoil:
    """Adds the text to what the column says."""

    def spoil(_: Generator, columns: Columns, rows: Array) -> None:
        columns[column][rows] = objects([f"{value} {text}" for value in columns[column][rows]])

    return spoil


def respell(column: str, *changes: Callable[[str], str]) -> Spoil:
    """Writes the same word in other letters or between blanks, in one way after the other."""

    def spoil(_: Generator, columns: Columns, rows: Array) -> None:
        values = columns[column][rows]
        columns[column][rows] = objects([changes[n % len(changes)](value) for n, value in enumerate(values)])

    return spoil


def soil(rng: Generator, kinds: tuple[Dirt, ...], columns: Columns) -> dict[Effect, dict[str, int]]:
    """Plants every kind in rows of its own, and counts them."""
    planted: dict[Effect, dict[str, int]] = {"quarantined": {}, "warned": {}, "harmless": {}}
    rows = height(columns)
    free = np.ones(rows, bool)
    for kind in kinds:
        open_to = np.flatnonzero(free if kind.eligible is None else free & kind.eligible(columns))
        wanted = max(1, round(kind.share * rows))
        cases = min(wanted, len(open_to) // kind.width)
        victims = rng.choice(open_to, cases * kind.width, replace=False)
        free[victims] = False
        kind.spoil(rng, columns, victims)
        planted[kind.effect][kind.name] = cases
    return planted
