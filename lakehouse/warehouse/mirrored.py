"""Which tables of the lake the warehouse mirrors: those of every layer but the marts' own, under the same names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.contracts import Catalog
from lakehouse.lake import FOLDERS, Layer
from lakehouse.warehouse import declared
from lakehouse.warehouse.model import Relation, Schema

SCHEMAS: tuple[Schema, ...] = ("raw_data", "curated", "quarantine")


@dataclass(frozen=True)
class Place:
    """A table of the lake, and the one of the warehouse that mirrors it."""

    layer: Layer
    name: str
    relation: Relation


def places(catalog: Catalog) -> list[Place]:
    """Every mirrored table; a curated mart that declares no columns is none."""
    known = {r.where: r for r in declared.relations(catalog, SCHEMAS)}
    named = ((layer, name, FOLDERS[layer].format(name).replace("/", ".")) for layer, name in _tables(catalog))
    return [Place(layer, name, known[where]) for layer, name, where in named if where in known]


def _tables(catalog: Catalog) -> Iterator[tuple[Layer, str]]:
    for spec in catalog.tables.values():
        layers: tuple[Layer, ...] = ("bronze", "silver", "history", "quarantine")
        yield from ((layer, spec.table.name) for layer in layers if layer != "history" or spec.table.history)
    yield from (("derived", name) for name, recipe in catalog.marts.items() if recipe.mart.layer == "curated")
