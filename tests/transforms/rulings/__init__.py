"""A page of rows per ruling, and what each mart that it touches must make of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Page:
    """What silver holds, and by mart the rows that must come of it.

    `says` are tables of text: the columns in the first line, and behind `|` which rows; `-` is NULL. A mart may be
    asked for another day than the others: `days`.
    """

    as_of: str
    given: dict[str, str]
    says: dict[str, str]
    days: dict[str, str] = field(default_factory=dict)

    def expected(self, mart: str) -> tuple[str, str, list[str]]:
        """The columns, the condition and the rows, in order."""
        head, *lines = self.says[mart].strip().splitlines()
        columns, _, where = head.partition("|")
        return columns, where.strip() or "true", sorted(" ".join(line.split()) for line in lines)
