"""What a table, a mart and a rule are: frozen declarations, and the two error families that decide retries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class PipelineError(Exception):
    """An error whose message says what is wrong, where, and what to do; never a secret or a row value."""


class Terminal(PipelineError):
    """Trying again cannot help: somebody must change something first."""


class Transient(PipelineError):
    """Trying again may help: a lost connection, a restarted server, a slow network."""


Severity = Literal["warn", "quarantine", "fail"]
Pii = Literal["none", "identifier", "personal"]


@dataclass(frozen=True)
class Dates:
    """Text that holds a date or a time in one of these Spark datetime patterns, tried in order."""

    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Money:
    """Text that holds an amount such as `$1,379.00`: a currency sign, thousands separators, a point."""


@dataclass(frozen=True)
class Flags:
    """Text or a number that means yes or no; compared trimmed and without case."""

    true: tuple[str, ...] = ("true", "t", "yes", "y", "1")
    false: tuple[str, ...] = ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class OneOf:
    """One of these values; compared trimmed and without case, written as given here.

    `aliases` maps other spellings to one of `values`. Anything else is unknown and goes to quarantine.
    """

    values: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Items:
    """Text that holds a list with this separator; becomes an array of trimmed, non-empty strings."""

    separator: str = ","


Spelling = Dates | Money | Flags | OneOf | Items


@dataclass(frozen=True)
class Column:
    """One column of a table, from the source to silver.

    Attributes:
        name: Name in the lake.
        type: SQL type in silver, such as `BIGINT`, `DECIMAL(12,2)`, `TIMESTAMP`, `ARRAY<STRING>`.
        nullable: False sends rows without a value to quarantine, rule `<name>_missing`.
        meaning: One sentence for the analyst, with the unit.
        pii: Whether the value identifies a person.
        stored: SQL type in the source, where it is not `type`.
        source: Name in the source, where it is not `name`.
        spelling: How the stored text is read; what cannot be read goes to quarantine,
            rule `<name>_unreadable`, or `<name>_unknown` for `OneOf`.
        nulls: Texts that mean "no value".
    """

    name: str
    type: str
    nullable: bool = True
    meaning: str = ""
    pii: Pii = "none"
    stored: str | None = None
    source: str | None = None
    spelling: Spelling | None = None
    nulls: tuple[str, ...] = ()

    @property
    def source_name(self) -> str:
        """Name in the source."""
        return self.source or self.name

    @property
    def source_type(self) -> str:
        """SQL type in the source."""
        return self.stored or self.type


@dataclass(frozen=True)
class Cursor:
    """Rows are stamped in `column` when they change; each run reads a window of it."""

    column: str
    overlap: timedelta = timedelta(minutes=10)


@dataclass(frozen=True)
class Append:
    """Rows never change and are stamped in `column` when they are made."""

    column: str
    overlap: timedelta = timedelta(minutes=10)


@dataclass(frozen=True)
class Snapshot:
    """No usable cursor: the source sums each key range and only ranges that differ are read."""


Strategy = Cursor | Append | Snapshot


@dataclass(frozen=True)
class Check:
    """A rule about one row of silver: `condition` is Spark SQL that is true, or NULL, for a good row."""

    name: str
    condition: str
    severity: Severity


def warn(name: str, condition: str) -> Check:
    """A rule whose breaches are counted and reported; the row stays."""
    return Check(name, condition, "warn")


def quarantine(name: str, condition: str) -> Check:
    """A rule whose breaches go to quarantine, with this name as the reason."""
    return Check(name, condition, "quarantine")


def fail(name: str, condition: str) -> Check:
    """A rule of which one breach stops the table before silver is touched."""
    return Check(name, condition, "fail")


@dataclass(frozen=True)
class Table:
    """Everything about one source table.

    Attributes:
        name: Name in the lake.
        key: Primary key, in lake names.
        strategy: How changes are found.
        columns: The columns to extract; others never leave the source.
        description: One sentence: what a row is.
        checks: Rules on silver rows, in the order in which they are blamed.
        source: Name in the source database, where it is not `name`.
        history: True keeps every version in `<name>_history` (SCD type 2).
        max_reject_share: Rows rejected in one run, as a share of all rows, above which the table stops.
        max_delete_share: Share of the live rows above which vanished keys stop the table instead of being
            deleted; a hundred may always go.
    """

    name: str
    key: tuple[str, ...]
    strategy: Strategy
    columns: tuple[Column, ...]
    description: str = ""
    checks: tuple[Check, ...] = ()
    source: str | None = None
    history: bool = False
    max_reject_share: float = 0.5
    max_delete_share: float = 0.2

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        if not self.key:
            raise Terminal(f"table {self.name}: declare a key")
        if len(set(names)) != len(names):
            raise Terminal(f"table {self.name}: a column is declared twice")
        for name in (self.name, *names):
            if not name.isidentifier() or name.startswith("_"):
                raise Terminal(
                    f"table {self.name}: {name!r} cannot be a name in the lake; choose one of letters, digits and _, "
                    "and give the source's as `source=`"
                )
        cursor = () if isinstance(self.strategy, Snapshot) else (self.strategy.column,)
        for name in (*self.key, *cursor):
            if name not in names:
                raise Terminal(f"table {self.name}: {name} is used as key or cursor but is not a column")

    @property
    def source_name(self) -> str:
        """Name of the table in the source database."""
        return self.source or self.name

    @property
    def cursor(self) -> Cursor | Append | None:
        """The cursor strategy, or None for a snapshot table."""
        return None if isinstance(self.strategy, Snapshot) else self.strategy

    @property
    def shape(self) -> str:
        """What of the declaration bronze is made by: another shape asks for a new load of the whole table."""
        stamp = self.cursor.column if self.cursor else ""
        columns = [(c.name, c.source_name, c.source_type) for c in self.columns]
        parts = repr((self.source_name, self.key, stamp, columns))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def column(self, name: str) -> Column:
        """The column of this lake name."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True)
class Mart:
    """Everything about one derived table.

    Attributes:
        name: Name in the lake and in the warehouse.
        grain: Columns that identify a row.
        description: What a row says, by which definition.
        layer: `presentation` is published; `curated` is shared by marts and stays in the lake.
        checks: Rules on its rows; severity `fail` keeps it from being published.
        period: A DATE column whose values can be rebuilt each by itself. Where an input changes, those are rebuilt that
            the file's `touched_by_<input>(changed, ...)` names; without that function, or a period, the whole mart.
    """

    name: str
    grain: tuple[str, ...]
    description: str
    layer: Literal["presentation", "curated"] = "presentation"
    checks: tuple[Check, ...] = ()
    period: str | None = None


@dataclass(frozen=True)
class Curation:
    """A table with its business curation, as found in its file.

    `curate` takes the typed rows of the table and returns them in the shape of silver.
    `fingerprint` changes when the declaration or the code does.
    """

    table: Table
    curate: Callable[[DataFrame], DataFrame]
    fingerprint: str


@dataclass(frozen=True)
class Recipe:
    """A mart with its build function, as found in its file; `inputs` are the names of its parameters.

    `reaches` are its functions `touched_by_<input>`, by input: from the rows of the input before and after they
    changed, and other inputs, to the periods that must be rebuilt.
    """

    mart: Mart
    build: Callable[..., DataFrame]
    inputs: tuple[str, ...]
    fingerprint: str
    reaches: dict[str, Callable[..., DataFrame]] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalog:
    """All tables and marts of a marketplace; marts in an order in which they can be built."""

    tables: dict[str, Curation] = field(default_factory=dict)
    marts: dict[str, Recipe] = field(default_factory=dict)

    def sources_of(self, mart: str) -> frozenset[str]:
        """The source tables that a mart depends on, directly or through other marts."""
        found: set[str] = set()
        for name in self.marts[mart].inputs:
            base = name.removesuffix("_history")
            if name in self.marts:
                found |= self.sources_of(name)
            elif base in self.tables:
                found.add(base)
        return frozenset(found)

    def waves(self, only: frozenset[str]) -> list[list[str]]:
        """The marts among `only`, in groups that can be built at the same time, one group after the other."""
        left = [name for name in self.marts if name in only]
        found: list[list[str]] = []
        while left:
            wave = [name for name in left if not set(self.marts[name].inputs) & set(left)]
            found.append(wave)
            left = [name for name in left if name not in wave]
        return found
