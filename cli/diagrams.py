"""Pictures of the catalog as Mermaid source: what is made of what, and how the rows of tables belong together."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from lakehouse.checks import References
from lakehouse.contracts import QUALITY, Catalog, Curation, Table

Names = tuple[str, ...]


def lineage(catalog: Catalog, marts: Iterable[str], columns: Mapping[str, Names] | None = None) -> str:
    """What these marts are made of, down to the tables of the source; `columns` are those that matter, by table."""
    edges = _edges(catalog, marts)
    nodes = dict.fromkeys(node for edge in edges for node in edge)
    shapes = [f"  {node}{_shape(node, columns or {})}" for node in nodes]
    return "\n".join(["flowchart LR", *shapes, *(f"  {start} --> {end}" for start, end in edges)])


def relations(catalog: Catalog) -> str:
    """The tables with their keys, the foreign keys that their checks declare, their versions and their persons."""
    tables = [spec.table for spec in catalog.tables.values()]
    lines = [line for table in tables for line in _relations_of(table)]
    return "\n".join(["erDiagram", *lines, *(line for spec in catalog.tables.values() for line in _entity(spec))])


def _edges(catalog: Catalog, marts: Iterable[str]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for mart in marts:
        for name in catalog.marts[mart].inputs:
            if name in catalog.marts:
                found |= dict.fromkeys(_edges(catalog, [name]))
                found[f"mart_{name}", f"mart_{mart}"] = None
                continue
            found[_origin(catalog, name), f"silver_{name}"] = None
            found[f"silver_{name}", f"mart_{mart}"] = None
    return list(found)


def _origin(catalog: Catalog, name: str) -> str:
    """The node that an input comes from."""
    return "runs" if name == QUALITY else f"source_{catalog.tables[name.removesuffix('_history')].table.name}"


def _shape(node: str, columns: Mapping[str, Names]) -> str:
    kind, _, name = node.partition("_")
    if kind == "runs":
        return '(["what the runs recorded"])'
    if kind == "source":
        told = "<br/>".join([f"<b>{name}</b>", *textwrap.wrap(", ".join(columns.get(name, ())), 28)])
        return f'[("{told}")]'
    return f'["{name}"]' if kind == "silver" else f'[["{name}"]]'


def _relations_of(table: Table) -> list[str]:
    keys = [c for c in table.checks if isinstance(c, References)]
    lines = [f'  {key.table} |o--o{{ {table.name} : "{", ".join(key.columns)}"' for key in keys]
    lines += [f'  person |o--o{{ {table.name} : "{column.name}"' for column in table.persons]
    return lines + [f'  {table.name} ||--|{{ {table.name}_history : "versions"'] * table.history


def _entity(spec: Curation) -> list[str]:
    table = spec.table
    foreign = {name for c in table.checks if isinstance(c, References) for name in c.columns}
    foreign |= {column.name for column in table.persons}
    lines = [f"  {table.name} {{"]
    for column in table.columns:
        keys = ", ".join(key for key, names in (("PK", table.key), ("FK", foreign)) if column.name in names)
        kind = re.sub(r"\W+", "_", column.type).strip("_")
        lines.append(f"    {kind} {column.name} {keys}".rstrip())
    return [*lines, "  }"]
