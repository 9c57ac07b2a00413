"""The documentation of tables and marts, made from their files: one Markdown page each, and an index."""

from __future__ import annotations

import inspect
from pathlib import Path

from lakehouse.checks import AnyCheck, Check, Fresh, References, Unique, Volume
from lakehouse.contracts import QUALITY, Append, Catalog, Column, Cursor, Flags, Items, Money, OneOf, Recipe, Table

INDEX = "README.md"
HEAD = "<!-- made by `lakehouse docs` from the declarations; change those -->\n\n"


def pages(catalog: Catalog) -> dict[str, str]:
    """The text of each page by its path below the folder of the documentation."""
    found = {INDEX: _index(catalog)}
    found |= {f"{name}.md": _table(catalog, spec.table) for name, spec in catalog.tables.items()}
    found |= {f"{name}.md": _mart(catalog, recipe) for name, recipe in catalog.marts.items()}
    return {path: HEAD + text.rstrip() + "\n" for path, text in sorted(found.items())}


def write(catalog: Catalog, folder: Path) -> list[Path]:
    """Writes all pages and removes those of tables that are gone; returns the paths that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {folder / path: text for path, text in pages(catalog).items()}
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
        (f"[{m.mart.name}]({m.mart.name}.md)", ", ".join(m.mart.grain), m.mart.description)
        for m in catalog.marts.values()
    ]
    return "\n\n".join(
        [
            "# Tables and marts",
            _grid(("table", "key", "changes are found by", "a row is"), tables),
            _grid(("mart", "grain", "says"), marts),
            "Which mart reads what:",
            _drawn(_edges(catalog, list(catalog.marts))),
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
    checks = [(c.name, c.severity, _allowed(c), _rule(c)) for c in table.checks]
    return "\n\n".join(
        [
            f"# {table.name}",
            table.description,
            "\n".join(facts),
            "## Columns",
            _grid(("column", "type", "", "in the source", "read as", "personal", "meaning"), columns),
            "## Checks",
            _grid(("check", "severity", "allowed share", "holds where all is well"), checks)
            if checks
            else "None beside those of the columns.",
        ]
    )


def _mart(catalog: Catalog, recipe: Recipe) -> str:
    mart = recipe.mart
    tables = ", ".join(f"[{name}]({name}.md)" for name in sorted(catalog.sources_of(mart.name)))
    facts = [
        f"- a row is identified by: {', '.join(mart.grain)}",
        f"- in the lake: `{mart.layer}/{mart.name}`" + "; not in the warehouse" * (mart.layer != "presentation"),
        f"- made of the tables: {tables or 'none; of what the runs recorded'}",
    ]
    columns = [(c.name, c.type, c.unit, c.meaning) for c in mart.columns]
    checks = [(c.name, c.severity, _rule(c)) for c in mart.checks]
    return "\n\n".join(
        [
            f"# {mart.name}",
            mart.description,
            "\n".join(facts),
            "## Definition",
            inspect.getdoc(recipe.build) or "",
            "## Columns",
            _grid(("column", "type", "unit", "meaning"), columns),
            "## Checks",
            _grid(("check", "severity", "holds for a good row"), checks) if checks else "None.",
            "## Made of",
            _drawn(_edges(catalog, [mart.name])),
        ]
    )


def _edges(catalog: Catalog, marts: list[str]) -> list[str]:
    """What these marts read, and of what that is made, down to the source."""
    found: dict[str, None] = {}
    for mart in marts:
        for name in catalog.marts[mart].inputs:
            if name in catalog.marts:
                found |= dict.fromkeys(_edges(catalog, [name]))
            elif name == QUALITY:
                found[f"  runs --> {name}"] = None
            else:
                table = catalog.tables[name.removesuffix("_history")].table
                found[f"  source_{table.source_name}[({table.source_name})] --> {name}"] = None
            found[f"  {name} --> {mart}"] = None
    return list(found)


def _drawn(edges: list[str]) -> str:
    return "```mermaid\nflowchart LR\n" + "\n".join(edges) + "\n```"


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


def _rule(check: AnyCheck) -> str:
    match check:
        case Check(condition=condition):
            return f"`{condition}`"
        case Unique(columns=columns):
            return f"no two rows share ({', '.join(columns)})"
        case References(columns=columns, table=parent, key=key):
            return f"({', '.join(columns)}) is ({', '.join(key)}) of a row of {parent}, deleted or not"
        case Fresh(column=column, within=within):
            return f"the newest {column} is at most {within} older than the run's horizon"
        case Volume(low=low, high=high):
            return f"a run brings {low:g} to {high:g} times the median rows of the last ones"


def _grid(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
