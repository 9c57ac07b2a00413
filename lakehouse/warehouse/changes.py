"""What is to do in a warehouse, and what is not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lakehouse.contracts import Terminal

What = Literal[
    "role", "schema", "owner", "grant", "create", "add column", "widen", "allow null", "key", "comment", "view"
]


@dataclass(frozen=True)
class Change:
    """One thing to do, and its statements."""

    what: What
    where: str
    detail: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """One thing that is not done, and why, and what a person can do."""

    where: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What the user does first, what `maker` makes, what the user does then; nothing of it while a refusal stands."""

    maker: str
    first: tuple[Change, ...]
    made: tuple[Change, ...]
    then: tuple[Change, ...]
    refusals: tuple[Refusal, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that is to do, in order."""
        return (*self.first, *self.made, *self.then)

    @property
    def possible(self) -> Plan:
        """The plan itself.

        Raises:
            Terminal: Something of it is refused.
        """
        if self.refusals:
            reasons = "; ".join(f"{r.where}: {r.reason}" for r in self.refusals)
            raise Terminal(f"the warehouse is not changed: {reasons}")
        return self

    @property
    def empty(self) -> bool:
        """True where the warehouse is as declared."""
        return not self.changes and not self.refusals
