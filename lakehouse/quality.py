"""The verdict of a table's rules: on the rows that a run looks at, in one pass, and on the table as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import AnyCheck, Fresh, References, Unique, Volume
from lakehouse.contracts import Table, Terminal
from lakehouse.window import moment

USUAL_RUNS, FEWEST_RUNS = 7, 3


@dataclass(frozen=True)
class Verdict:
    """Rows judged, and breaches by rule: of rejected rows the first rule that they break, of clean rows the warnings.

    Warnings about the table as a whole count the rows that break them, or 1. `stopped` are the breaches that stopped
    the table.
    """

    judged: int
    rejected: dict[str, int]
    warned: dict[str, int]
    stopped: dict[str, int] = field(default_factory=dict)


class Broken(Terminal):
    """A rule that stops the table is broken; `verdict` says how often."""

    def __init__(self, message: str, verdict: Verdict) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True)
class Whole:
    """What rules about the whole table look at.

    Attributes:
        rows: The live rows that silver will have.
        parents: The rows of tables that it refers to, deleted ones too, by name; absent while there are none yet.
        at: The horizon of the run, in microseconds.
        usual: How many rows each of the last runs brought.
        brought: How many this one brings; None where it looks at everything again.
    """

    rows: DataFrame
    parents: Mapping[str, DataFrame]
    at: int
    usual: Sequence[int] = ()
    brought: int | None = None


def verdict(rows: DataFrame, table: Table, known: int) -> Verdict:
    """Counts, in one pass over judged rows, the breaches of each rule; `known` is how many rows silver had before.

    Raises:
        Terminal: More rows break a rule of severity `fail`, or are rejected, than declared.
    """
    checks = [c for c in table.row_checks if c.severity != "quarantine"]
    broken = {
        c.name: F.expr(f"_rule IS NULL AND NOT ({c.condition})")
        if c.severity == "warn"
        else F.array_contains("_broken", c.name)
        for c in checks
    }
    counts = [F.count_if(condition).alias(name) for name, condition in broken.items()]
    found = rows.where("_op = 'upsert'").groupBy("_rule").agg(F.count("*").alias("_rows"), *counts).collect()
    rejected = {str(r["_rule"]): int(r["_rows"]) for r in found if r["_rule"] is not None}
    judged = sum(int(r["_rows"]) for r in found)
    totals = {c.name: sum(int(r[c.name]) for r in found) for c in checks}
    _stop_above_share(rejected, table, max(known, judged), judged)
    beyond = {c.name: totals[c.name] for c in checks if totals[c.name] > c.tolerated * judged}
    return Verdict(judged, rejected, _warnings(beyond, checks, table, judged))


def whole(table: Table, look: Whole) -> dict[str, int]:
    """The warnings of the rules about the whole table, found by one aggregate.

    Raises:
        Terminal: A rule of severity `fail` is broken.
    """
    rows, wanted, broken = look.rows, dict[str, Expression](), dict[str, int]()
    for check in table.whole_checks:
        match check:
            case Unique(name, columns):
                values = F.when(_all_there(columns), F.struct(*columns))
                wanted[name] = F.count(values) - F.count_distinct(values)
            case References(name, columns, parent) if parent in look.parents:
                rows = _with_parent(rows, check, look)
                wanted[name] = F.count_if(_all_there(columns) & F.col(f"_{name}").isNull())
            case Fresh(name, column, within):
                limit = F.lit(moment(look.at) - within)
                wanted[name] = F.coalesce(F.max(column) < limit, F.lit(False)).cast("int")
            case Volume(name) if not _is_usual(check, look):
                broken[name] = 1
    count = 1
    if wanted:
        found = rows.agg(F.count("*").alias("_rows"), *[e.alias(n) for n, e in wanted.items()]).collect()[0]
        shares = {c.name: getattr(c, "tolerated", 0.0) for c in table.whole_checks}
        count = max(1, int(found["_rows"]))
        broken |= {name: int(found[name]) for name in wanted if found[name] > shares[name] * found["_rows"]}
    return _warnings(broken, table.whole_checks, table, count)


def stale(table: Table, newest: Mapping[str, datetime | None], at: int) -> dict[str, int]:
    """The warnings of a table that nothing came into: its newest values, by column, are too old at a horizon.

    Raises:
        Terminal: A rule of severity `fail` is broken.
    """
    broken = {}
    for check in table.whole_checks:
        if isinstance(check, Fresh):
            last = newest.get(check.column)
            broken[check.name] = int(last is not None and last < moment(at) - check.within)
    return _warnings(broken, table.whole_checks, table, 1)


def _with_parent(rows: DataFrame, check: References, look: Whole) -> DataFrame:
    mark = f"_{check.name}"
    names = [f"{mark}_{key}" for key in check.key]
    parent = look.parents[check.table].select(*[F.col(k).alias(n) for k, n in zip(check.key, names, strict=True)])
    same = [F.col(c) == F.col(n) for c, n in zip(check.columns, names, strict=True)]
    return rows.join(parent.withColumn(mark, F.lit(True)), same, "left").drop(*names)


def _all_there(columns: Sequence[str]) -> Expression:
    found = F.lit(True)
    for column in columns:
        found = found & F.col(column).isNotNull()
    return found


def _is_usual(check: Volume, look: Whole) -> bool:
    last = list(look.usual)[-USUAL_RUNS:]
    if look.brought is None or len(last) < FEWEST_RUNS:
        return True
    return check.low * median(last) <= look.brought <= check.high * median(last)


def _warnings(broken: dict[str, int], checks: Sequence[AnyCheck], table: Table, judged: int) -> dict[str, int]:
    stopped = {c.name: broken[c.name] for c in checks if c.severity == "fail" and broken.get(c.name)}
    if stopped:
        told = ", ".join(f"{n} rows break {name}" for name, n in stopped.items())
        raise Broken(f"table {table.name}: {told}; silver is untouched", Verdict(judged, {}, {}, stopped))
    return {name: n for name, n in broken.items() if n}


def _stop_above_share(rejected: dict[str, int], table: Table, known: int, judged: int) -> None:
    total = sum(rejected.values())
    if total > table.max_reject_share * max(1, known):
        raise Broken(
            f"table {table.name}: {total} of {known} rows are rejected ({', '.join(sorted(rejected))}), "
            f"more than the declared share {table.max_reject_share:g}; silver is untouched",
            Verdict(judged, {}, {}, rejected),
        )
