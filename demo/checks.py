"""What the demo claims, checked: each check has a name, a verdict and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from demo.marketplace.manifest import Manifest
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake, Layer
from lakehouse.ledger import RunReport
from lakehouse.warehouse.reconcile import Comparison

IDLE_SECONDS = 3.0
PEAK_BYTES = 3 << 30

Versions = Mapping[str, int]


@dataclass(frozen=True)
class Check:
    """A claim and whether it holds."""

    claim: str
    holds: bool
    figures: str


def versions(lake: Lake, catalog: Catalog) -> Versions:
    """The Delta version of every data table of the lake."""
    names = [*catalog.tables, *catalog.marts]
    opened = {f"{layer}/{name}": lake.open(layer, name) for layer in get_args(Layer) for name in names}
    return {path: table.version() for path, table in opened.items() if table is not None}


def everything_balances(runs: Sequence[RunReport]) -> Check:
    """No run has a record that does not balance."""
    errors = [error for run in runs for error in run.errors]
    lines = sum(len(run.tables) + len(run.marts) for run in runs)
    return Check("every line of every ledger balances", not errors, "; ".join(errors) or f"{lines} lines")


def all_dirt_is_found(manifest: Manifest, run: RunReport) -> Check:
    """What was planted is in quarantine, by rule, and nothing else is."""
    found = {record.name: dict(record.rejected) for record in run.tables if record.rejected}
    planted = {name: dict(rules) for name, rules in manifest.rejected.items() if rules}
    total = sum(n for rules in planted.values() for n in rules.values())
    figures = f"{total} rows by {sum(map(len, planted.values()))} rules"
    return Check(
        f"{run.mode} run: quarantine holds what was planted",
        found == planted,
        figures if found == planted else f"planted {planted}, found {found}",
    )


def nothing_was_done(run: RunReport, before: Versions, after: Versions) -> Check:
    """The run started no JVM, committed to no table, and was quick."""
    moved = sorted(path for path in after if after[path] != before.get(path))
    return Check(
        "with nothing to do: no JVM, no data commit",
        not run.used_jvm and not moved and run.seconds <= IDLE_SECONDS,
        f"{run.seconds:.1f} s of work, {len(after)} tables at their version"
        + (f", but {', '.join(moved)}" if moved else "")
        + (", with a JVM" if run.used_jvm else ""),
    )


def mirrors_are_equal(found: Sequence[Comparison]) -> Check:
    """The warehouse holds every layer of the lake, row by row."""
    wrong = [one.mart for one in found if not one.equal]
    rows = sum(one.warehouse.rows for one in found)
    figures = ", ".join(wrong) or f"{len(found)} tables, {rows:,} rows"
    return Check("the other layers in the warehouse are those of the lake", bool(found) and not wrong, figures)


def memory_is_bounded(peak: int) -> Check:
    """The worker and all that it starts stay below three gibibytes."""
    return Check(
        "peak memory of a run, JVM and reader included", peak <= PEAK_BYTES, f"{peak / (1 << 30):.2f} GiB of 3"
    )
