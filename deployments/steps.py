"""What a set-up does: told before it is done, so that it can be shown without being done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Step:
    """One thing that is made, updated, removed or kept as it is."""

    verb: Literal["make", "update", "remove", "keep"]
    what: str
    do: Callable[[], object] = lambda: None

    def __str__(self) -> str:
        """One line for the person at the terminal."""
        return f"{self.verb:<6} {self.what}"
