"""Keyed hashes in place of personal values: without the key nobody can make one, or test a guess.

The key is in closures of Python only. A literal of Spark SQL would show it in plans and in the commits of Delta.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from lakehouse.contracts import Column, Curation, Table, Terminal

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

BITS = 60  # of 15 hex digits: what a BIGINT holds
SHORTEST_KEY = 16


@dataclass(frozen=True)
class Pseudonyms:
    """Who is hidden, and by which key; the key is in no text of it."""

    key: SecretStr
    identifiers: bool = False

    def covers(self, column: Column) -> bool:
        """True where a column's values are hashed from silver on."""
        return column.pii == "personal" or (self.identifiers and column.pii == "identifier")

    def refuse_missing_key(self, why: str) -> None:
        """Refuses to go on without a key, or with one that can be guessed.

        Raises:
            Terminal: Says what needs it.
        """
        if len(self.key.get_secret_value()) < SHORTEST_KEY:
            raise Terminal(
                f"{why}: set LAKEHOUSE_PRIVACY__KEY to a secret of {SHORTEST_KEY} characters or more, and keep it; "
                "or LAKEHOUSE_PRIVACY__SECRET to the ARN of one"
            )

    def applied(self, curation: Curation) -> Curation:
        """A curation that hides personal values by this key; another key or setting is another fingerprint.

        Raises:
            Terminal: A personal column is declared and there is no key.
        """
        mark = curation.fingerprint + self.fingerprint(curation.table)
        return replace(curation, fingerprint=mark, pseudonyms=self)

    def fingerprint(self, table: Table) -> str:
        """Changes when what is hashed of a table does, or the key; empty where nothing is.

        Raises:
            Terminal: A personal column is declared and there is no key.
        """
        covered = [c.name for c in table.columns if self.covers(c)]
        if not covered:
            return ""
        self.refuse_missing_key(f"table {table.name}: {covered[0]} is to be hashed")
        return self.mark("hashed", *covered)[:16]

    @property
    def key_mark(self) -> str:
        """Tells one key from another, and nothing of either."""
        return self.mark("key")[:16]

    def mark(self, *parts: object) -> str:
        """The keyed hash of some texts, in hex."""
        return _digest(self.key.get_secret_value().encode(), "\x1f".join(map(str, parts)))

    def instead_of(self, value: Expression, column: Column) -> Expression:
        """A typed value, or its keyed hash where the column is covered; NULL stays NULL."""
        if not self.covers(column):
            return value
        return hashed(self.mark("values"), value, number=column.type.upper() == "BIGINT")

    def value(self, value: object, column: Column) -> object:
        """What stands in silver for a value, computed here."""
        if not self.covers(column):
            return value
        found = _digest(self.mark("values").encode(), str(value))
        return int(found[: BITS // 4], 16) if column.type.upper() == "BIGINT" else found


NOBODY = Pseudonyms(SecretStr(""))


def hashed(key: str, value: Expression, *, number: bool) -> Expression:
    """The hash of each value by a key, as 64 hex digits or as a number of 60 bits."""

    def digest(values: Any) -> Any:
        import hashlib  # noqa: PLC0415
        import hmac  # noqa: PLC0415

        import pyarrow  # noqa: PLC0415

        secret = key.encode()
        texts = (None if v is None else str(v).encode() for v in values.to_pylist())
        found = [None if t is None else hmac.new(secret, t, hashlib.sha256).hexdigest() for t in texts]
        if number:
            return pyarrow.array([None if f is None else int(f[:15], 16) for f in found], pyarrow.int64())
        return pyarrow.array(found, pyarrow.string())

    return _computed(digest, "bigint" if number else "string")(value)


def equals(text: str, value: Expression) -> Expression:
    """True where a value reads so; a comparison that shows the text in no plan."""

    def same(values: Any) -> Any:
        import pyarrow  # noqa: PLC0415

        return pyarrow.array([v is not None and str(v) == text for v in values.to_pylist()], pyarrow.bool_())

    return _computed(same, "boolean")(value)


def _computed(function: Callable[[Any], Any], kind: str) -> Callable[[Expression], Expression]:
    try:
        from pyspark.sql.pandas.functions import arrow_udf  # noqa: PLC0415
    except ImportError:
        raise Terminal("to hide or erase persons Spark 4.1 or newer is needed; EMR's Spark 8.0 is older") from None
    function.__annotations__ = {}  # else Spark reads the kind of the function from them
    make: Any = arrow_udf
    found: Callable[[Expression], Expression] = make(function, kind)
    return found


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
