"""What a good row and a good table are: frozen rules with a severity; declaration only, nothing is computed here.

`warn` is counted and reported. `quarantine` takes the broken rows out of silver. `fail` does so too, and stops the
table before silver is touched when more than `tolerated` of the rows, as a share, break the rule.

A rule about the whole table only warns or fails. Whether a row breaks it depends on other rows, which come and go: if
it took rows out, silver would no longer follow from the table's own versions, and a row whose parent is late would be
missing instead of counted. A parent that comes, or a value that is shared no more, heals the rows by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from lakehouse.quoting import spark as quoted

Severity = Literal["warn", "quarantine", "fail"]
WholeSeverity = Literal["warn", "fail"]
Value = str | int | Decimal | date | datetime

TOKEN = re.compile(r"`((?:[^`]|``)+)`|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\w.]*|([A-Za-z_]\w*)(\s*\(|\s*->)?|\S")
WORDS = frozenset(
    """all and any array as asc between bigint binary boolean both by case cast collate current_date date day decimal
    desc distinct div double else end escape exists false float following for from hour ilike in int integer interval
    is leading like minute month not null numeric or over partition preceding regexp rlike row rows second similar
    smallint some string then timestamp timestamp_ntz tinyint to trailing true varchar when week year""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Check:
    """A rule about one row: `condition` is Spark SQL that is true, or NULL, for a good row.

    `columns` are those that it reads; None finds them in the SQL.
    """

    name: str
    condition: str
    severity: Severity
    columns: tuple[str, ...] | None = None
    tolerated: float = 0.0


@dataclass(frozen=True)
class Unique:
    """No two rows of the table have the same values in these columns; NULL is like no other."""

    name: str
    columns: tuple[str, ...]
    severity: WholeSeverity
    tolerated: float = 0.0


@dataclass(frozen=True)
class References:
    """These columns are the key of a row of another table; one that was deleted there is known, NULL names none."""

    name: str
    columns: tuple[str, ...]
    table: str
    key: tuple[str, ...]
    severity: WholeSeverity
    tolerated: float = 0.0


@dataclass(frozen=True)
class Fresh:
    """The newest value of a column is not older than this, as seen from the horizon of the run."""

    name: str
    column: str
    within: timedelta
    severity: WholeSeverity

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)


@dataclass(frozen=True)
class Volume:
    """A run brings between `low` and `high` times the rows of a usual one, which is the median of the last ones."""

    name: str
    low: float
    high: float
    severity: WholeSeverity
    columns: tuple[str, ...] = ()


WholeCheck = Unique | References | Fresh | Volume
AnyCheck = Check | WholeCheck


def warn(name: str, condition: str, tolerated: float = 0.0) -> Check:
    """A rule whose breaches are counted, and reported above the tolerated share; the row stays."""
    return Check(name, condition, "warn", tolerated=tolerated)


def quarantine(name: str, condition: str) -> Check:
    """A rule whose breaches go to quarantine, with this name as the reason."""
    return Check(name, condition, "quarantine")


def fail(name: str, condition: str, tolerated: float = 0.0) -> Check:
    """A rule that stops the table before silver is touched, when more than the tolerated share breaks it."""
    return Check(name, condition, "fail", tolerated=tolerated)


def expression(
    name: str,
    condition: str,
    severity: Severity = "quarantine",
    columns: tuple[str, ...] | None = None,
    tolerated: float = 0.0,
) -> Check:
    """A rule in Spark SQL; name its columns where the SQL does not show them plainly."""
    return Check(name, condition, severity, columns, tolerated)


def not_null(column: str, severity: Severity = "quarantine", name: str = "", tolerated: float = 0.0) -> Check:
    """The column has a value."""
    return Check(name or f"{column}_not_null", f"{quoted(column)} IS NOT NULL", severity, (column,), tolerated)


def in_set(
    column: str, values: Iterable[Value], severity: Severity = "quarantine", name: str = "", tolerated: float = 0.0
) -> Check:
    """The value is one of these."""
    condition = f"{quoted(column)} IN ({', '.join(map(literal, values))})"
    return Check(name or f"{column}_in_set", condition, severity, (column,), tolerated)


def between(
    column: str,
    low: Value | None,
    high: Value | None,
    severity: Severity = "quarantine",
    name: str = "",
    tolerated: float = 0.0,
) -> Check:
    """The value is in this range, both ends allowed; None is no end."""
    sides = [f"{quoted(column)} >= {literal(low)}"] if low is not None else []
    sides += [f"{quoted(column)} <= {literal(high)}"] if high is not None else []
    return Check(name or f"{column}_in_range", " AND ".join(sides) or "TRUE", severity, (column,), tolerated)


def matches(
    column: str, pattern: str, severity: Severity = "quarantine", name: str = "", tolerated: float = 0.0
) -> Check:
    """The whole text matches this regular expression."""
    condition = f"{quoted(column)} RLIKE {literal(f'^(?:{pattern})$')}"
    return Check(name or f"{column}_matches", condition, severity, (column,), tolerated)


def unique(*columns: str, severity: WholeSeverity = "warn", name: str = "", tolerated: float = 0.0) -> Unique:
    """No two rows share these values; for columns beside the key, which is unique anyway."""
    return Unique(name or f"{'_'.join(columns)}_unique", columns, severity, tolerated)


def references(
    columns: str | tuple[str, ...],
    table: str,
    key: str | tuple[str, ...],
    severity: WholeSeverity = "warn",
    name: str = "",
    tolerated: float = 0.0,
) -> References:
    """A foreign key to the key of another table; a parent that comes later makes the row good at the next look."""
    found = (columns,) if isinstance(columns, str) else columns
    of = (key,) if isinstance(key, str) else key
    return References(name or f"{'_'.join(found)}_known", found, table, of, severity, tolerated)


def fresh(column: str, within: timedelta, severity: WholeSeverity = "warn", name: str = "") -> Fresh:
    """The newest value of a time column is at most this old."""
    return Fresh(name or f"{column}_fresh", column, within, severity)


def volume(low: float = 0.0, high: float = 10.0, severity: WholeSeverity = "warn", name: str = "volume") -> Volume:
    """A run brings as many rows as usual: at least `low`, at most `high` times the median of the last runs."""
    return Volume(name, low, high, severity)


def literal(value: Value) -> str:
    """A value as Spark SQL."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, datetime):
        return f"TIMESTAMP'{value:%Y-%m-%d %H:%M:%S.%f}'"
    return f"DATE'{value:%Y-%m-%d}'" if isinstance(value, date) else str(value)


def columns_of(check: AnyCheck) -> tuple[str, ...]:
    """The columns that a rule reads."""
    if check.columns is not None or not isinstance(check, Check):
        return check.columns or ()
    found, bound = [], set()
    for quoted_name, word, call in TOKEN.findall(check.condition):
        if call.strip() == "->":
            bound.add(word)
        elif quoted_name or (word and not call and word.lower() not in WORDS):
            found.append(quoted_name.replace("``", "`") or word)
    return tuple(dict.fromkeys(name for name in found if name not in bound))


def problems(checks: tuple[AnyCheck, ...], columns: Iterable[str] | None = None) -> Iterator[str]:
    """What is wrong with these rules, in words; without `columns` they may read any."""
    names = [check.name for check in checks]
    known = None if columns is None else {name.lower() for name in columns}
    for check in checks:
        if names.count(check.name) > 1:
            yield f"two checks are named {check.name}; a name stands for one rule"
        yield from _severity_problems(check)
        if isinstance(check, Volume):
            if not 0 <= check.low <= check.high:
                yield f"check {check.name}: the factors {check.low:g} and {check.high:g} leave no room between them"
        elif isinstance(check, Fresh):
            if check.within <= timedelta(0):
                yield f"check {check.name}: `within` must be longer than nothing"
        elif not 0 <= check.tolerated <= 1:
            yield f"check {check.name}: tolerated {check.tolerated:g} is a share, from 0 to 1"
        for column in columns_of(check):
            if known is not None and column.lower() not in known:
                yield f"check {check.name}: there is no column {column}; columns are {', '.join(sorted(known))}"


def _severity_problems(check: AnyCheck) -> Iterator[str]:
    about, allowed = ("one row", Severity) if isinstance(check, Check) else ("the whole table", WholeSeverity)
    if check.severity not in get_args(allowed):
        choice = " or ".join(get_args(allowed))
        yield f"check {check.name}: severity {check.severity} is none of a rule about {about}; choose {choice}"
