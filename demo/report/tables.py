"""The metrics as short tables at the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.report.metrics import Metric

ROWS = 4


def show(console: Console, metric: Metric, rows: Sequence[Mapping[str, Any]]) -> None:
    """The first rows of a metric under its title."""
    names = list(rows[0]) if rows else ["no rows"]
    table = Table(*names, title=metric.title, caption=metric.says, title_justify="left", caption_justify="left")
    for row in rows[:ROWS]:
        table.add_row(*["-" if row[name] is None else str(row[name]) for name in names])
    console.print(table)
