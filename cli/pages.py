"""The documentation of tables and marts, made from their files: one Markdown page each, and an index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cli import diagrams
from cli.markdown import drawn, grid, rule
from cli.mart_page import mart_page
from cli.samples import Sample
from lakehouse.checks import AnyCheck
from lakehouse.contracts import Append, Catalog, Column, Cursor, Flags, Items, Money, OneOf, Table

INDEX = "README.md"
HEAD = "<!-- made by `lakehouse docs` from the declarations; change those -->\n\n"
Samples = Mapping[str, Sample]


def pages(catalog: Catalog, samples: Samples) -> dict[str, str]:
    """The text of each page by its path below the folder of the documentation."""
    found = {INDEX: _index(catalog)}
    found |= {f"{name}.md": _table(catalog, spec.table) for name, spec in catalog.tables.items()}
    found |= {f"{name}.md": mart_page(catalog, recipe, samples[name]) for name, recipe in catalog.marts.items()}
    return {path: HEAD + text.rstrip() + "\n" for path, text in sorted(found.items())}


def write(catalog: Catalog, samples: Samples, folder: Path) -> list[Path]:
    """Writes all pages and removes those of tables that are gone; returns the paths that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {folder / path: text for path, text in pages(catalog, samples).items()}
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        path.write_text(wanted[path], "utf-8")
    gone = [path for path in folder.glob("*.md") if path not in wanted]
    for path in gone:
        path.unlink()
    return [*changed, *gone]


def _index(catalog: Catalog) -> str:
    tables = [
        (f"[{t.name}]({t.name}.md)", ", ".join(t.key), _strategy(t), t.description)
        for t in (spec.table for spec in catalog.tables.values())
    ]
    marts = [
        (f"[{m.name}]({m.name}.md)", ", ".join(m.grain), m.period or "", m.description)
        for m in (recipe.mart for recipe in catalog.marts.values())
    ]
    return "\n\n".join(
        [
            "# Tables and marts",
            grid(("table", "key", "changes are found by", "a row is"), tables),
            grid(("mart", "grain", "rebuilt by", "says"), marts),
            "## What is made of what",
            drawn(diagrams.lineage(catalog, catalog.marts)),
            "## How the rows of the tables belong together",
            "Foreign keys are those that checks declare; `person` is no table, but whom a row is about.",
            drawn(diagrams.relations(catalog)),
        ]
    )


def _table(catalog: Catalog, table: Table) -> str:
    facts = [
        f"- key: {', '.join(table.key)}",
        f"- in the source: `{table.source_name}`; changes are found by {_strategy(table)}",
        f"- silver: `curated/{table.name}`" + (f", all versions in `curated/{table.name}_history`" * table.history),
        f"- quarantine: `quarantine/{table.name}`; more than {table.max_reject_share:.0%} of the rows stop the table",
        f"- read by: {', '.join(_readers(catalog, table)) or 'no mart'}",
        *[f"- personal, so never read: `{name}`" for name in table.withheld],
    ]
    columns = [
        (
            c.name,
            c.type,
            "" if c.nullable else "not null",
            _stored(c),
            _spelling(c),
            "free text" if c.free_text else c.pii * (c.pii != "none"),
            c.meaning,
        )
        for c in table.columns
    ]
    checks = [(c.name, c.severity, _allowed(c), rule(c)) for c in table.checks]
    return "\n\n".join(
        [
            f"# {table.name}",
            table.description,
            "\n".join(facts),
            "## Columns",
            grid(("column", "type", "", "in the source", "read as", "personal", "meaning"), columns),
            "## Checks",
            grid(("check", "severity", "allowed share", "holds where all is well"), checks)
            if checks
            else "None beside those of the columns.",
        ]
    )


def _readers(catalog: Catalog, table: Table) -> list[str]:
    return [name for name in catalog.marts if table.name in catalog.sources_of(name)]


def _strategy(table: Table) -> str:
    match table.strategy:
        case Cursor(column, overlap) | Append(column, overlap):
            return f"`{column}`, with an overlap of {overlap.total_seconds() / 60:g} min"
    return "the checksums of key ranges"


def _stored(column: Column) -> str:
    name = f"`{column.source_name}` " if column.source else ""
    return name + (column.stored or ("" if not name else column.type))


def _spelling(column: Column) -> str:
    told = ""
    match column.spelling:
        case OneOf(values, aliases):
            told = ", ".join([*values, *(f"{a} = {v}" for a, v in aliases)])
        case Money():
            told = "an amount such as $1,379.00"
        case Flags(true, false):
            told = f"yes: {' '.join(true)}; no: {' '.join(false)}"
        case Items(separator):
            told = f"a list, separated by `{separator}`"
        case None:
            pass
        case dates:
            told = " or ".join(dates.patterns)
    nulls = ", ".join(f"`{text}`" if text else "empty" for text in column.nulls)
    return "; ".join(part for part in (told, f"no value: {nulls}" if nulls else "") if part)


def _allowed(check: AnyCheck) -> str:
    tolerated = getattr(check, "tolerated", 0.0)
    return f"{tolerated:g}" if tolerated else ""
