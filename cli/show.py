"""Tables for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lakehouse import upkeep_log
from lakehouse.erasure_log import ErasureRecord
from lakehouse.ledger import MartRecord, RunReport, TableRecord
from lakehouse.quarantine import Entry, Summary
from lakehouse.settings import PREFIX, Settings, origin
from lakehouse.status import MartStatus, TableStatus, lag
from lakehouse.upkeep_log import UpkeepRecord
from lakehouse.warehouse.reconcile import Comparison


def report(found: RunReport, console: Console) -> None:
    """The ledger of a run."""
    title = f"run {found.run_id}, {found.mode}, as of {found.as_of}: {found.outcome}, {found.seconds:.1f} s"
    tables = Table("table", "status", "window (UTC)", "read", "new", "deleted", "quarantined", "silver",
                   "source = silver", "s", title=title, title_justify="left")  # fmt: skip
    for record in found.tables:
        tables.add_row(*_table_row(record))
    console.print(tables)
    broken = (f"{t.name}: {n:,} rows break {rule}" for t in found.tables for rule, n in t.warned.items())
    for note in (*found.cautions, *(f"{t.name}: {note}" for t in found.tables for note in t.notes), *broken):
        console.print(f"note: {note}", markup=False, highlight=False)
    if found.marts:
        marts = Table("mart", "status", "rows", "warehouse = gold", "s")
        for record in found.marts:
            marts.add_row(*_mart_row(record))
        console.print(marts)
        console.print(f"release {found.release}; horizon by {found.horizon}")
    for told in _mirrors(found):
        console.print(told, markup=False, highlight=False)


def _mirrors(found: RunReport) -> Iterator[str]:
    """One line of what the other schemas hold now, and one for each mirror that failed."""
    held = {m.name: m.rows for m in found.mirrors if m.balanced}
    layers = dict.fromkeys(name.partition(".")[0] for name in held)
    told = [f"{s} {sum(n for name, n in held.items() if name.startswith(f'{s}.')):,} rows" for s in layers]
    if told:
        yield f"mirrors brought up to date: {len(held)}; {', '.join(told)}"
    yield from (f"mirror {m.name}: {m.error}" for m in found.mirrors if m.error)


def certificate(found: RunReport, console: Console) -> None:
    """What the source itself counted, and where each of those rows went."""
    table = Table("table", "counted at source", "set aside", "its checksum", "staged", "appended", "there already",
                  "deleted", "bronze = silver + quarantine", title="certificate", title_justify="left")  # fmt: skip
    for r in found.tables:
        counted = "-" if r.counted is None else f"{r.counted:,}"
        equation = f"{r.bronze_rows:,} = {r.silver_rows:,} + {r.quarantined:,}"
        table.add_row(r.name, counted, f"{r.suppressed:,}", r.checksum or "-", f"{r.read:,}", f"{r.new:,}",
                      f"{r.already:,}", f"{r.deleted:,}", equation if r.bronze_rows else "-")  # fmt: skip
    console.print(table)


def status(tables: list[TableStatus], marts: list[MartStatus], console: Console) -> None:
    """How far the lake has come, and how far it is behind."""
    now = datetime.now(UTC)
    head = Table("table", "watermark (UTC)", "proven to (UTC)", "lag", "rows", "quarantined", "last run", "outcome")
    for t in tables:
        head.add_row(t.name, _time(t.watermark), _time(t.proven_to), _span(lag(t.proven_to, now)), f"{t.rows:,}",
                     f"{t.quarantined:,}", t.last_run, t.outcome)  # fmt: skip
    console.print(head)
    body = Table("mart", "rows", "as of", "fresh to (UTC)", "lag", "last rebuilt by", "outcome")
    for m in marts:
        body.add_row(m.name, f"{m.rows:,}", m.as_of, _time(m.fresh_to), _span(lag(m.fresh_to, now)), m.last_run,
                     m.outcome)  # fmt: skip
    console.print(body)


def erasures(found: list[ErasureRecord], console: Console) -> None:
    """Who was erased when; nothing where nobody was."""
    table = Table("erased (UTC)", "person", "rows by layer", "release", "files to come", "by run")
    for r in found:
        rows = ", ".join(f"{layer} {n:,}" for layer, n in sorted(r.rows.items()))
        table.add_row(_time(r.ended_at), f"{r.person}…", rows, str(r.release), str(r.unclaimed), r.run_id)
    if found:
        console.print(table)


def upkeep(found: list[UpkeepRecord], console: Console) -> None:
    """What became of the files of each table."""
    table = Table("layer", "table", "files", "old files gone", "freed", "kept since (UTC)", "because", "note")
    for r in found:
        files = f"{r.files_before:,} → {r.files_after:,}"
        table.add_row(r.layer, r.table, files, f"{r.removed:,}", f"{r.freed:,}", _time(r.kept_since), r.why,
                      escape(r.error or r.note))  # fmt: skip
    console.print(table)
    console.print(upkeep_log.summary(found))


def quarantine(found: list[Summary], console: Console) -> None:
    """What each rule keeps out."""
    table = Table("table", "rule", "rows", "first seen (UTC)", "last seen (UTC)")
    for s in found:
        table.add_row(s.table, s.rule, f"{s.rows:,}", _time(s.first_seen), _time(s.last_seen))
    console.print(table if found else "quarantine is empty")


def quarantined(name: str, found: list[Entry], console: Console) -> None:
    """Rows that are kept out, with every rule that they break."""
    table = Table("key", "breaks", "values", "first seen (UTC)", "last seen (UTC)", "read by run")
    for e in found:
        values = ", ".join(f"{column}={value!r}" if isinstance(value, str) else f"{column}={value}"
                           for column, value in e.values.items())  # fmt: skip
        key = ", ".join(map(str, e.key.values()))
        cells = (key, e.reason, values, _time(e.first_seen), _time(e.last_seen), e.run_id)
        table.add_row(*[escape(cell) for cell in cells])
    console.print(table if found else f"no such row of {name} is in quarantine")


def settings(found: Settings, console: Console) -> None:
    """The settings in force and where each comes from."""
    table = Table("setting", "value", "from")
    for name, value in _flat(found, PREFIX):
        table.add_row(name, value, origin(name))
    console.print(table)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "-"


def comparisons(found: list[Comparison], console: Console) -> None:
    """Lake and warehouse, table by table, with the first keys that differ."""
    body = Table("table", "release", "rows in lake", "rows served", "equal", "only in lake", "only served")
    for one in found:
        body.add_row(
            one.mart, one.release, f"{one.gold.rows:,}", f"{one.warehouse.rows:,}", "✓" if one.equal else "✗",
            escape("; ".join(one.only_in_gold)), escape("; ".join(one.only_in_warehouse)),
        )  # fmt: skip
    console.print(body if found else "no mart is in the lake yet; `lakehouse run` builds them")


def _span(length: timedelta | None) -> str:
    return "-" if length is None else str(length)


def _table_row(r: TableRecord) -> list[str]:
    rejected = ", ".join(f"{rule} {n}" for rule, n in sorted(r.rejected.items()))
    open_rows = f"{r.quarantined}" + (f" (now: {rejected})" if rejected else "")
    if r.status == "unchanged" and not r.silver_rows:
        return [r.name, r.error or "unchanged", "", "", "", "", "", "", "✓" if r.balanced else "✗", ""]
    return [r.name, r.error or r.status, r.window, f"{r.read:,}", f"{r.new:,}", f"{r.deleted:,}", open_rows,
            f"{r.silver_rows:,}", "✓" if r.balanced else "✗", f"{r.seconds:.1f}"]  # fmt: skip


def _mart_row(r: MartRecord) -> list[str]:
    proof = {True: "✓", False: "✗", None: "as released"}[r.warehouse_equals_gold]
    done = r.status if r.periods is None else f"{r.status}: {r.periods} periods"
    return [r.name, r.error or done, f"{r.rows:,}", proof, f"{r.seconds:.1f}"]


def _flat(model: BaseModel, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found += _flat(value, f"{prefix}{name.upper()}__")
        else:
            hidden = isinstance(value, SecretStr)
            shown = ("hidden" if value.get_secret_value() else "not set") if hidden else str(value)
            found.append((f"{prefix}{name.upper()}", shown))
    return found
