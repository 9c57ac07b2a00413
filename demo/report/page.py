"""One page with a chart for each metric and the ledger of all runs; it opens without a network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from rich.console import Console

from cli import show
from demo.report import quality
from demo.report.metrics import Metric
from demo.report.quality import Quality
from lakehouse.ledger import RunReport

WIDTH, HEIGHT, LEDGER_COLUMNS = 560, 240, 160
STYLE = """
body { font-family: system-ui, sans-serif; max-width: 1300px; margin: 2rem auto; padding: 0 1rem; color: #222 }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(600px, 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { font-size: .9rem; color: #555 }
table { border-collapse: collapse; font-size: .85rem } td, th { padding: .2rem .6rem; text-align: left }
tr:nth-child(even) { background: #f4f4f4 }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.25 }
"""

Rows = Sequence[Mapping[str, Any]]


def write(file: Path, answers: Mapping[Metric, Rows], runs: Sequence[RunReport], found: Quality) -> None:
    """Writes the page.

    Args:
        file: Where to.
        answers: The rows of each metric.
        runs: The records of the runs, oldest first.
        found: How the rules fared in them.
    """
    rules = _drawn("rules", quality.chart(found, WIDTH, HEIGHT))
    figures = "".join(_figure(i, metric, rows) for i, (metric, rows) in enumerate(answers.items()))
    ledger = "".join(f"<pre>{html.escape(_ledger(run))}</pre>" for run in runs)
    file.write_text(
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Rental lakehouse</title>"
        f"<style>{STYLE}</style><script>{vl_convert.javascript_bundle()}</script></head><body>"
        f"<h1>Seven metrics</h1><main>{figures}</main>"
        f"<h1>Data quality</h1><p>Rules that some row broke: the share of rows that passed, run by run, and what was "
        f"found last, with keys to look up.</p>{rules}{quality.table(found)}<h1>The ledger</h1>"
        f"<p>What each run read, kept and proved: every row of the source is in silver or in quarantine, and the "
        f"warehouse serves what gold says.</p>{ledger}</body></html>"
    )


def chart(metric: Metric, rows: Rows) -> alt.Chart:
    """The chart of a metric."""
    data = alt.Data(values=[{name: _plain(value) for name, value in row.items()} for row in rows])
    tips = [alt.Tooltip(f"{name}:N") for name in (rows[0] if rows else ())]
    base = alt.Chart(data, width=WIDTH, height=HEIGHT)
    if metric.shape == "ranking":
        across, up = alt.X(f"{metric.y[0]}:Q"), alt.Y(f"{metric.x}:N", sort=None, title=None)
        return base.mark_bar().encode(x=across, y=up, tooltip=tips)
    time = alt.X(f"{metric.x}:T", title=None, scale=alt.Scale(type="utc"))  # a day is the same day everywhere
    if metric.shape == "bar":
        return base.mark_bar().encode(x=time, y=alt.Y(f"{metric.y[0]}:Q"), tooltip=tips)
    lines = base.transform_fold(list(metric.y), as_=["measure", "value"]).mark_line()
    height = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    return lines.encode(x=time, y=height, color=alt.Color("measure:N", title=None), tooltip=tips)


def _figure(number: int, metric: Metric, rows: Rows) -> str:
    return (
        f"<figure><h2>{html.escape(metric.title)}</h2>{_drawn(f'chart{number}', chart(metric, rows))}"
        f"<figcaption>{html.escape(metric.says)} <code>{metric.mart}</code></figcaption></figure>"
    )


def _drawn(name: str, picture: alt.Chart) -> str:
    spec = json.dumps(picture.to_dict()).replace("</", "<\\/")
    return f"<div id='{name}'></div><script>vegaEmbed('#{name}', {spec}, {{actions: false}})</script>"


def _ledger(run: RunReport) -> str:
    console = Console(file=StringIO(), record=True, width=LEDGER_COLUMNS)
    show.report(run, console)
    return console.export_text()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
