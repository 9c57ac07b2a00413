"""What the page shows of data quality: the share of rows that broke each rule, run by run, and rows to look at."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt

from lakehouse import ledger, quality_log, quarantine
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake
from lakehouse.quality_log import Outcome

EXAMPLES = 3


@dataclass(frozen=True)
class Quality:
    """Outcomes of the rules of all runs, oldest run first, and the keys of some rows that each rule keeps out."""

    outcomes: Sequence[Outcome]
    examples: dict[tuple[str, str], list[str]]


def look(lake: Lake, catalog: Catalog) -> Quality:
    """The quality of all runs of a lake."""
    runs = [outcome for report in ledger.reports(lake) for outcome in quality_log.of_run(lake, report.run_id)]
    kept_out = quarantine.summary(lake, catalog.tables)
    keys = {
        (s.table, s.rule): [
            ", ".join(map(str, entry.key.values()))
            for entry in quarantine.entries(lake, catalog.tables[s.table].table, s.rule, EXAMPLES)
        ]
        for s in kept_out
    }
    return Quality(runs, keys)


def chart(found: Quality, width: int, height: int) -> alt.Chart:
    """The pass rate of each rule that a row ever broke, from run to run."""
    ever = {(o.table, o.check) for o in found.outcomes if o.broken}
    order = {run: i for i, run in enumerate(dict.fromkeys(o.run_id for o in found.outcomes), 1)}
    rows = [
        {"rule": f"{o.table}: {o.check}", "run": order[o.run_id], "pass rate": 1 - o.broken / o.rows, "rows": o.rows,
         "broken": o.broken, "status": o.status}
        for o in found.outcomes if (o.table, o.check) in ever
    ]  # fmt: skip
    return (
        alt.Chart(alt.Data(values=rows), width=width, height=height)
        .mark_line(point=True)
        .encode(
            x=alt.X("run:O", title="run"),
            y=alt.Y("pass rate:Q", scale=alt.Scale(zero=False)),
            color=alt.Color("rule:N", title=None),
            tooltip=["rule:N", "rows:Q", "broken:Q", "status:N"],
        )
    )


def table(found: Quality) -> str:
    """The rules that rows broke in the newest run that judged their table, worst first, as HTML."""
    newest = {(o.table, o.check): o for o in found.outcomes}
    worst = sorted((o for o in newest.values() if o.broken), key=lambda o: -o.broken / o.rows)
    head = ("table", "rule", "rows judged", "broken", "share", "what became of them", "keys of some")
    rows = [
        (o.table, o.check, f"{o.rows:,}", f"{o.broken:,}", f"{o.broken / o.rows:.3%}", o.status,
         " · ".join(found.examples.get((o.table, o.check), [])))
        for o in worst
    ]  # fmt: skip
    return f"<table>{_line('th', head)}{''.join(_line('td', row) for row in rows)}</table>"


def _line(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
