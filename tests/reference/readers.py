"""How one value of a source row is read, or why it cannot be."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Reader = Callable[[Any], Any]

NULL_WORDS = {"", "null", "NA", "N/A", "Undefined"}
DOLLARS = re.compile(r"-?\$?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


class UnreadableError(Exception):
    """The value cannot be taken for one of its column's type."""


class UnknownError(Exception):
    """The value is none of those its column allows."""


def number(value: Any) -> int | Decimal:
    """A whole or decimal number as the database sends it."""
    if isinstance(value, (int, Decimal)):
        return value
    raise UnreadableError


def flag(value: Any) -> bool:
    """A boolean, which MariaDB sends as 0 or 1."""
    if value in (0, 1):
        return bool(value)
    raise UnreadableError


def text(value: Any) -> str:
    """A text in composed form, without blanks around it."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    raise UnreadableError


def place_name(value: Any) -> str | None:
    """A trimmed text; the usual words for nothing are nothing."""
    trimmed = text(value)
    return None if trimmed in NULL_WORDS else trimmed


def displayed_money(value: Any) -> Decimal | None:
    """An amount as people write it: `$1,588.42`; an empty text is nothing."""
    trimmed = text(value)
    if trimmed == "":
        return None
    if DOLLARS.fullmatch(trimmed):
        return Decimal(trimmed.replace("$", "").replace(",", ""))
    raise UnreadableError


def day(value: Any) -> date:
    """A calendar day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise UnreadableError


def moment(value: Any) -> datetime:
    """A point in time (naive, UTC)."""
    if isinstance(value, datetime):
        return value
    raise UnreadableError


def one_of(*allowed: str, alias: dict[str, str] | None = None) -> Reader:
    """One of the allowed words, whatever its case and surrounding blanks."""
    words = {word.lower(): word for word in allowed} | (alias or {})

    def read(value: Any) -> str:
        word = text(value).lower()
        if word not in words:
            raise UnknownError
        return words[word]

    return read
