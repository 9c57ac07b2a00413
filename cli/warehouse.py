"""`lakehouse warehouse`: the tables, keys, comments, roles and rights that the declarations ask for.

There is a schema per layer: raw_data, curated, presentation (the marts), quarantine. The role loader owns them, analyst
reads presentation, steward reads quarantine; none of the three can log in: grant them to your users.

`plan` shows what differs from the warehouse that is there, `apply` does it, in one transaction or not at all. What
loses no value is done in place: a new column, a wider type, a comment, a key, a grant. All else is refused with its
reason. A run does the same for the marts that it releases, but touches no role and no grant.

Begin with `lakehouse warehouse plan`; `lakehouse warehouse ddl --dialect redshift` prints the statements for Redshift.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from types import ModuleType
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

import transforms
from cli.terminal import console, or_stop
from lakehouse import settings
from lakehouse.warehouse import ddl_redshift, declared, evolution, evolution_redshift
from lakehouse.warehouse.changes import Plan
from lakehouse.warehouse.model import SCHEMAS, Relation

PARAGRAPHS = re.sub(r"(?<!\n)\n(?!\n)", " ", __doc__)
app = typer.Typer(no_args_is_help=True, help=PARAGRAPHS, pretty_exceptions_enable=False)
Result = TypeVar("Result")


class Layer(StrEnum):
    """A layer, and the schema of its name."""

    raw_data = "raw_data"
    curated = "curated"
    presentation = "presentation"
    quarantine = "quarantine"


class Dialect(StrEnum):
    """Whose DDL."""

    postgres = "postgres"
    redshift = "redshift"


Layers = Annotated[
    list[Layer] | None, typer.Option("--layer", help="Only this layer; give it again for another; all when not given")
]


@app.command()
def ddl(
    dialect: Annotated[Dialect, typer.Option(help="Whose statements")] = Dialect.postgres, layer: Layers = None
) -> None:
    """Prints the statements that make it all in an empty warehouse; connects to nothing."""
    written = {Dialect.postgres: evolution.script, Dialect.redshift: ddl_redshift.script}[dialect]
    for statement in or_stop(lambda: written(_relations(layer))):
        typer.echo(f"{statement};")


@app.command()
def plan(layer: Layers = None) -> None:
    """Shows what `apply` would do to the warehouse, and what it would refuse; exit code 1 where it would refuse."""
    found = or_stop(lambda: with_engine(lambda engine: _of(engine).plan(engine, _relations(layer))))
    _show(found, "the warehouse is as declared; nothing to do")
    if found.refusals:
        raise typer.Exit(1)


@app.command()
def apply(
    layer: Layers = None,
    wait: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for a lock that a reader holds")
    ] = evolution.WAIT,
) -> None:
    """Does what `plan` shows, all of it or nothing."""
    done = or_stop(lambda: with_engine(lambda engine: _of(engine).apply(engine, _relations(layer), wait=wait)))
    _show(done, "the warehouse is as declared; nothing was to do")


def _relations(layers: list[Layer] | None) -> list[Relation]:
    return declared.relations(transforms.catalog(), [s for s in SCHEMAS if not layers or s in layers])


def _of(engine: Engine) -> ModuleType:
    """Who plans and applies in this kind of warehouse."""
    return evolution_redshift if engine.dialect.name == "redshift" else evolution


def with_engine(call: Callable[[Engine], Result]) -> Result:
    """What a call finds in the warehouse that the settings name."""
    from tasks.blocks import warehouse  # noqa: PLC0415

    engine = warehouse(settings.load()).engine()
    try:
        return call(engine)
    finally:
        engine.dispose()


def _show(found: Plan, nothing: str) -> None:
    table = Table("change", "where", "what")
    for change in found.changes:
        table.add_row(change.what, change.where, escape(change.detail))
    for refusal in found.refusals:
        table.add_row("refused", refusal.where, escape(refusal.reason))
    console().print(nothing if found.empty else table)
