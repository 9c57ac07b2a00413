"""The page of a mart: what it says, with an example, and of what it is made, down to the columns of the source."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from cli import diagrams
from cli.markdown import drawn, grid, rule
from cli.samples import AS_OF, Sample
from lakehouse.contracts import Catalog, Recipe

STAMPS = {"valid_from", "valid_to"}


def mart_page(catalog: Catalog, recipe: Recipe, sample: Sample) -> str:
    """The whole page."""
    mart = recipe.mart
    readers = [name for name, other in catalog.marts.items() if mart.name in other.inputs]
    facts = [
        f"- a row is identified by: {', '.join(mart.grain)}",
        f"- where an input changes, it is rebuilt {f'by {mart.period}' if mart.period else 'whole'}",
        f"- in the lake: `{mart.layer}/{mart.name}`" + "; not in the warehouse" * (mart.layer != "presentation"),
        f"- made of: {', '.join(f'[{name}]({name}.md)' for name in _made_of(catalog, recipe))}",
        *[f"- read by: {', '.join(f'[{name}]({name}.md)' for name in readers)}"] * bool(readers),
    ]
    columns = [(c.name, c.type, c.unit, c.meaning) for c in mart.columns]
    checks = [(c.name, c.severity, rule(c)) for c in mart.checks]
    return "\n\n".join(
        [
            f"# {mart.name}",
            mart.description,
            "\n".join(facts),
            "## Definition",
            inspect.getdoc(recipe.build) or "",
            "## Columns",
            grid(("column", "type", "unit", "meaning"), columns),
            "## Checks",
            grid(("check", "severity", "holds for a good row"), checks) if checks else "None.",
            "## Sample rows",
            f"The last rows of [a small made-up marketplace](samples/) as of {AS_OF}.",
            grid(tuple(c.name for c in mart.columns), sample.rows),
            "## Columns it reads",
            grid(("of", "columns of the source", "kept by the lakehouse"), list(_read(catalog, sample))),
            "## Lineage",
            drawn(diagrams.lineage(catalog, [mart.name], _source_columns(catalog, sample))),
        ]
    )


def _made_of(catalog: Catalog, recipe: Recipe) -> list[str]:
    """The pages of what a mart reads directly; what the runs recorded has none."""
    pages = [name if name in catalog.marts else name.removesuffix("_history") for name in recipe.inputs]
    return [name for name in dict.fromkeys(pages) if name in catalog.marts or name in catalog.tables]


def _read(catalog: Catalog, sample: Sample) -> Iterator[tuple[str, str, str]]:
    for name, columns in sample.reads.items():
        spec = catalog.tables.get(name.removesuffix("_history"))
        declared = [] if spec is None else [c.name for c in spec.table.columns if c.name in columns]
        kept = [column for column in columns if column not in declared]
        yield name, ", ".join(declared), ", ".join(kept)


def _source_columns(catalog: Catalog, sample: Sample) -> dict[str, tuple[str, ...]]:
    """The columns of the source that a mart rests on, by table; times of validity are those of the cursor."""
    wanted: dict[str, set[str]] = {}
    for name, columns in sample.reads.items():
        spec = catalog.tables.get(name.removesuffix("_history"))
        if spec is not None:
            stamped = bool(spec.table.cursor and STAMPS & {*columns})
            cursor = {spec.table.cursor.column} if spec.table.cursor and stamped else set()
            wanted.setdefault(spec.table.name, set()).update(columns, cursor)
    found = {
        name: [c.source_name for c in catalog.tables[name].table.columns if c.name in wanted[name]] for name in wanted
    }
    return {name: tuple(columns) for name, columns in found.items()}
