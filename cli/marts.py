"""The marts for people at a terminal: what is made of what, and all about one."""

from __future__ import annotations

import inspect

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.markdown import rule
from lakehouse import settings
from lakehouse.contracts import Catalog, PipelineError, Recipe, Terminal
from lakehouse.lake import Lake
from lakehouse.pins import layer_of


def waves(catalog: Catalog, console: Console) -> None:
    """All marts in the order in which they are built; those of one wave can be built at the same time."""
    table = Table("wave", "mart", "rebuilt by", "made of", "read by", title="* not published", title_justify="left")
    groups = catalog.waves(frozenset(catalog.marts))
    for number, wave in enumerate(groups, 1):
        for name in wave:
            recipe = catalog.marts[name]
            told = name + " *" * (recipe.mart.layer != "presentation")
            made_of, readers = ", ".join(recipe.inputs), ", ".join(_readers(catalog, name))
            table.add_row(str(number), told, recipe.mart.period or "the whole", made_of, readers)
        table.add_section()
    console.print(table)


def one(catalog: Catalog, name: str, console: Console) -> None:
    """What a mart says, what it is made of, its columns and checks, and how it stands in the lake.

    Raises:
        Terminal: There is no mart of this name.
    """
    if name not in catalog.marts:
        raise Terminal(f"there is no mart {name}; `lakehouse marts` shows all")
    recipe = catalog.marts[name]
    mart = recipe.mart
    facts = Table(show_header=False, box=None, title=name, title_justify="left")
    for label, text in (
        ("says", mart.description),
        ("", inspect.getdoc(recipe.build) or ""),
        ("a row is", ", ".join(mart.grain)),
        ("rebuilt by", mart.period or "the whole"),
        ("made of", ", ".join(recipe.inputs)),
        ("the tables", ", ".join(sorted(catalog.sources_of(name)))),
        ("read by", ", ".join(_readers(catalog, name)) or "no mart"),
        ("in the lake", _standing(recipe)),
    ):
        facts.add_row(label, escape(text))
    columns = Table("column", "type", "unit", "meaning")
    for column in mart.columns:
        columns.add_row(*map(escape, (column.name, column.type, column.unit, column.meaning)))
    checks = Table("check", "severity", "holds for a good row")
    for check in mart.checks:
        checks.add_row(*map(escape, (check.name, check.severity, rule(check))))
    for table in (facts, columns, checks):
        console.print(table)


def _standing(recipe: Recipe) -> str:
    """What the newest commit of a mart says of itself; needs no JVM."""
    try:
        state = Lake.of(settings.load()).state(layer_of(recipe), recipe.mart.name)
    except PipelineError as error:
        return f"not known: {error}"
    if state is None:
        return "not built yet"
    day = f"as of {state.as_of}, " if state.as_of else ""
    code = "" if state.fingerprint == recipe.fingerprint else "; its code has changed since"
    return f"{state.checksum.rows:,} rows, {day}commit {state.seq} by run {state.run_id}{code}"


def _readers(catalog: Catalog, name: str) -> list[str]:
    return [other for other, recipe in catalog.marts.items() if name in recipe.inputs]
