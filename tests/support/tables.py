"""Rows written as text tables: `| a | b |` per line, the column names first, a blank cell for None."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

BY_NAME = [
    (r"price|total_price|fee|amount|usd|usd_per_unit|latitude|longitude|.*_usd|.*_rate", Decimal),
    (r"day|night|rate_date|checkin_date|checkout_date|.*_start", date.fromisoformat),
    (r"booking_date|.*_on|.*_at|.*_timestamp|valid_from|valid_to", datetime.fromisoformat),
]
WORDS = {"true": True, "false": False}


def cells(line: str) -> list[str]:
    """The trimmed cells of one line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def grid(text: str) -> tuple[list[str], list[list[str]]]:
    """The column names and the cells of each further line."""
    header, *body = [cells(line) for line in text.splitlines() if line.strip()]
    ragged = [row for row in body if len(row) != len(header)]
    if ragged:
        raise ValueError(f"{ragged[0]} does not fit {header}")
    return header, body


def guessed(cell: str) -> Any:
    """A boolean or a whole number if it looks like one, else the text."""
    if cell in WORDS:
        return WORDS[cell]
    return int(cell) if re.fullmatch(r"-?\d+", cell) else cell


def reader(column: str) -> Callable[[str], Any]:
    """How the column's cells are read, by its name."""
    return next((read for pattern, read in BY_NAME if re.fullmatch(pattern, column)), guessed)


def parse(text: str, **types: Callable[[str], Any]) -> list[Row]:
    """The typed rows of a text table; no rows of an empty text. `types` overrules what the names say."""
    if not text.strip():
        return []
    header, body = grid(text)
    readers = [types.get(column, reader(column)) for column in header]
    return [
        {name: read(cell) if cell else None for name, read, cell in zip(header, readers, row, strict=True)}
        for row in body
    ]


def lines(text: str) -> list[str]:
    """The body of a text table with its blanks evened out, sorted."""
    return sorted(" | ".join(row) for row in grid(text)[1])


def render(rows: list[Row], like: str) -> list[str]:
    """Rows as the lines of a table with the columns of `like`, sorted: to be compared with `lines(like)`."""
    header, _ = grid(like)
    return sorted(" | ".join(shown(row[column]) for column in header) for row in rows)


def shown(value: Any) -> str:
    """A value as a cell; decimals keep their scale."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
