"""How far each table and mart has come, from the lake alone; needs no JVM, no source, no warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyarrow.compute import field

from lakehouse import ledger
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake, State
from lakehouse.ledger import MartRecord, RunReport, TableRecord
from lakehouse.pins import layer_of
from lakehouse.window import moment


@dataclass(frozen=True)
class TableStatus:
    """A table: its watermark, up to when the source is proven to be in the lake, and its live rows.

    `proven_to` is the horizon of the last run in which the table balanced; the lag counts from there.
    """

    name: str
    watermark: datetime | None
    proven_to: datetime | None
    rows: int
    quarantined: int
    last_run: str
    outcome: str


@dataclass(frozen=True)
class MartStatus:
    """A mart: its rows, the day that it speaks of, and how fresh the oldest of its sources is."""

    name: str
    rows: int
    as_of: str
    fresh_to: datetime | None
    last_run: str
    outcome: str


def status(lake: Lake, catalog: Catalog) -> tuple[list[TableStatus], list[MartStatus]]:
    """The state of every declared table and every published mart."""
    reports = ledger.reports(lake)
    tables = {name: _table(lake, name, reports) for name in sorted(catalog.tables)}
    marts = [
        _mart(lake, catalog, name, tables, reports)
        for name, recipe in sorted(catalog.marts.items())
        if recipe.mart.layer == "presentation"
    ]
    return list(tables.values()), marts


def lag(since: datetime | None, now: datetime) -> timedelta | None:
    """How old something is, to the second; None where it never was."""
    return timedelta(seconds=int((now - since).total_seconds())) if since else None


def _table(lake: Lake, name: str, reports: list[RunReport]) -> TableStatus:
    bronze = lake.state("bronze", name)
    seen = [(r, t) for r in reports for t in r.tables if t.name == name]
    proven = [r.horizon_at for r, t in seen if t.balanced]
    return TableStatus(
        name=name,
        watermark=moment(bronze.watermark) if bronze and bronze.watermark is not None else None,
        proven_to=moment(max(proven)) if proven else None,
        rows=lake.count("silver", name, field("_deleted_at").is_null()),
        quarantined=lake.count("quarantine", name),
        last_run=seen[-1][0].run_id if seen else "",
        outcome=_outcome(bronze, seen[-1][1] if seen else None),
    )


def _outcome(bronze: State | None, last: TableRecord | MartRecord | None) -> str:
    if bronze is None:
        return last.error if last and last.error else "not loaded yet"
    if not bronze.usable and bronze.load:
        return f"loading: {bronze.load.done} of {bronze.load.chunks} parts"
    return "" if last is None else last.error or last.status


def _mart(
    lake: Lake, catalog: Catalog, name: str, tables: dict[str, TableStatus], reports: list[RunReport]
) -> MartStatus:
    state = lake.state(layer_of(catalog.marts[name]), name)
    seen = [(r, m) for r in reports for m in r.marts if m.name == name]
    sources = [tables[source].proven_to for source in catalog.sources_of(name)]
    known = [at for at in sources if at is not None]
    return MartStatus(
        name=name,
        rows=state.checksum.rows if state else 0,
        as_of=(state.as_of or "") if state else "",
        fresh_to=min(known) if state and known and len(known) == len(sources) else None,
        last_run=seen[-1][0].run_id if seen else "",
        outcome=_outcome(state, seen[-1][1] if seen else None).replace("not loaded", "not built"),
    )
