"""What a table, a mart and a rule are: frozen declarations, and the two error families that decide retries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from lakehouse.checks import AnyCheck, Check, WholeCheck, problems

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakehouse.pseudonyms import Pseudonyms


class PipelineError(Exception):
    """An error whose message says what is wrong, where, and what to do; never a secret or a row value."""


class Terminal(PipelineError):
    """Trying again cannot help: somebody must change something first."""


class Transient(PipelineError):
    """Trying again may help: a lost connection, a restarted server, a slow network."""


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
        pii: `identifier`: names the person whom the row is about, and is what `lakehouse erase` is told;
            `personal`: stands in silver and after it as a keyed hash only.
        free_text: Text that may tell of the row's person; emptied when that person is erased.
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
    free_text: bool = False
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
class Table:
    """Everything about one source table.

    Attributes:
        name: Name in the lake.
        key: Primary key, in lake names.
        strategy: How changes are found.
        columns: The columns to extract; others never leave the source.
        description: One sentence: what a row is.
        checks: Rules on its rows, in the order in which they are blamed, and on the whole of it.
        source: Name in the source database, where it is not `name`.
        withheld: Personal columns of the source that are known and never leave it.
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
    checks: tuple[AnyCheck, ...] = ()
    source: str | None = None
    withheld: tuple[str, ...] = ()
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
        for share in ("max_reject_share", "max_delete_share"):
            if not 0 <= getattr(self, share) <= 1:
                raise Terminal(f"table {self.name}: {share} {getattr(self, share):g} is a share, from 0 to 1")
        for problem in problems(self.checks, names):
            raise Terminal(f"table {self.name}: {problem}")
        for name in self.withheld:
            if name.lower() in {c.source_name.lower() for c in self.columns}:
                raise Terminal(f"table {self.name}: {name} is withheld and a column; drop one of the two")
        for column in self.columns:
            _refuse_private(self.name, column)

    @property
    def source_name(self) -> str:
        """Name of the table in the source database."""
        return self.source or self.name

    @property
    def cursor(self) -> Cursor | Append | None:
        """The cursor strategy, or None for a snapshot table."""
        return None if isinstance(self.strategy, Snapshot) else self.strategy

    @property
    def persons(self) -> tuple[Column, ...]:
        """The columns that name the person whom a row is about."""
        return tuple(c for c in self.columns if c.pii == "identifier")

    @property
    def shape(self) -> str:
        """What of the declaration bronze is made by: another shape asks for a new load of the whole table."""
        stamp = self.cursor.column if self.cursor else ""
        columns = [(c.name, c.source_name, c.source_type) for c in self.columns]
        parts = repr((self.source_name, self.key, stamp, columns))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    @property
    def row_checks(self) -> tuple[Check, ...]:
        """The rules about one row."""
        return tuple(c for c in self.checks if isinstance(c, Check))

    @property
    def whole_checks(self) -> tuple[WholeCheck, ...]:
        """The rules about all rows together."""
        return tuple(c for c in self.checks if not isinstance(c, Check))

    def column(self, name: str) -> Column:
        """The column of this lake name."""
        return next(c for c in self.columns if c.name == name)


def _refuse_private(table: str, column: Column) -> None:
    """What is hashed must have a form that a hash can take, and what is emptied may be empty."""
    where, kind = f"table {table}: column {column.name}", column.source_type.upper()
    if column.pii != "none":
        is_text = kind.startswith(("CHAR", "VARCHAR", "TEXT", "STRING")) and column.type.upper() != "BIGINT"
        if not is_text and not (kind.startswith(("INT", "BIGINT")) and column.type.upper() == "BIGINT"):
            raise Terminal(
                f'{where} is {column.pii}, so it must be text, or BIGINT (`stored="INT"` if so at the source); '
                "else put it into `withheld`"
            )
        if column.spelling is not None:
            raise Terminal(f"{where} is {column.pii}, so it takes no spelling: it is kept as it is, or as a hash")
    if column.free_text and (not column.nullable or column.pii != "none"):
        raise Terminal(f"{where} is free_text, so it must be nullable and of no other class")


QUALITY = "quality_checks"
"""The input of a mart that holds how each rule fared in each run: run_id, run_at, table, check, severity, rows, broken,
tolerated, status."""


@dataclass(frozen=True)
class MartColumn:
    """One column of a mart: its SQL type, what it says, and the unit it says it in."""

    name: str
    type: str
    meaning: str
    unit: str = ""


@dataclass(frozen=True)
class Mart:
    """Everything about one derived table.

    Attributes:
        name: Name in the lake and in the warehouse.
        grain: Columns that identify a row.
        description: What a row says, by which definition.
        layer: `presentation` is published; `curated` is shared by marts and stays in the lake.
        checks: Rules on its rows; severity `fail` keeps it from being published.
        columns: Its columns, in their order.
        period: A DATE column whose values can be rebuilt each by itself. Where an input changes, those are rebuilt that
            the file's `touched_by_<input>(changed, ...)` names; without that function, or a period, the whole mart.
    """

    name: str
    grain: tuple[str, ...]
    description: str
    layer: Literal["presentation", "curated"] = "presentation"
    checks: tuple[Check, ...] = ()
    columns: tuple[MartColumn, ...] = ()
    period: str | None = None

    def __post_init__(self) -> None:
        for problem in problems(self.checks):
            raise Terminal(f"mart {self.name}: {problem}")
        if self.period is not None and self.period not in {c.name for c in self.columns if c.type == "DATE"}:
            raise Terminal(f"mart {self.name}: its period {self.period} is no DATE column of it")


@dataclass(frozen=True)
class Curation:
    """A table with its business curation, as found in its file.

    `curate` takes the typed rows of the table and returns them in the shape of silver.
    `fingerprint` changes when the declaration or the code does. `pseudonyms` make the keyed hashes.
    """

    table: Table
    curate: Callable[[DataFrame], DataFrame]
    fingerprint: str
    pseudonyms: Pseudonyms | None = None


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
