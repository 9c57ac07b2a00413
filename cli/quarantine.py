"""`lakehouse quarantine`: the rows that the rules keep out of silver, and why.

Nothing here is lost: each row stands as it was extracted, with every rule that it breaks. Two things let it out: the
row is repaired at the source (the next run takes it back by itself), or its rule is changed in transforms/silver (the
next run judges all rows again; `retry` does so at once, without the source).

Begin with `lakehouse quarantine list`, then `lakehouse quarantine show bookings --rule checkout_after_checkin`.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

import transforms
from cli import show
from cli.terminal import console, or_stop
from lakehouse import pipeline, quarantine, session, settings, silver
from lakehouse.contracts import Curation, Terminal
from lakehouse.lake import Lake
from lakehouse.quality import Verdict
from lakehouse.window import micros

PARAGRAPHS = re.sub(r"(?<!\n)\n(?!\n)", " ", __doc__)
app = typer.Typer(no_args_is_help=True, help=PARAGRAPHS, pretty_exceptions_enable=False)
Name = Annotated[str, typer.Argument(metavar="TABLE", help="A table, such as bookings")]


@app.command(name="list")
def list_rules() -> None:
    """Per table and rule: how many rows it keeps out, and when the first and the last of them were seen (UTC).

    A row that breaks several rules counts for the first; `show` tells them all. Starts no JVM.
    """
    catalog = or_stop(transforms.catalog)
    show.quarantine(quarantine.summary(_lake(), sorted(catalog.tables)), console())


@app.command(name="show")
def show_rows(
    table: Name,
    rule: Annotated[str | None, typer.Option(help="Only rows that break this rule, be it the first or not")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows, those longest kept out first")] = 20,
) -> None:
    """The rows of one table: key, every broken rule, and the values that the rules are about.

    Values of personal columns are masked as ***. Starts no JVM.
    """
    found = or_stop(lambda: _declared(table)).table
    rows = quarantine.entries(_lake(), found, rule, limit)
    show.quarantined(found.name, rows, console())


@app.command()
def retry(table: Name) -> None:
    """Judges all rows of the table again by changed rules, and takes back those that are good now.

    Reads what the lake has, not the source; the next run proves it and rebuilds the marts.
    """

    def again() -> Verdict | None:
        found = settings.load()
        spec = pipeline.hiding(found).applied(_declared(table))
        at = micros(datetime.now(UTC))
        return silver.retry(session.child(found), Lake.of(found), spec, f"retry-{uuid.uuid4().hex[:6]}", at)

    verdict = or_stop(again)
    if verdict is None:
        typer.echo(f"{table}: the rules are those that its rows were judged by, so none comes out; repair the rows at "
                   "the source, or change a rule in transforms/silver")  # fmt: skip
        return
    kept = sum(verdict.rejected.values())
    typer.echo(f"{table}: {verdict.judged} judged again, {verdict.judged - kept} in silver, {kept} kept out")
    if kept:
        typer.echo("kept out by: " + ", ".join(f"{name} {n}" for name, n in sorted(verdict.rejected.items())))


def _declared(name: str) -> Curation:
    tables = transforms.catalog().tables
    if name not in tables:
        raise Terminal(f"there is no table {name}; there are {', '.join(sorted(tables))}")
    return tables[name]


def _lake() -> Lake:
    return Lake.of(or_stop(settings.load))
