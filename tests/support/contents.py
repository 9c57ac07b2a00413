"""What the tables of a lake hold, to compare lakes that different runs have made."""

import hashlib
from typing import get_args

import pyarrow as pa

import transforms
from lakehouse.lake import Lake, Layer
from lakehouse.pins import layer_of

ASIDE = "data_quality_daily"  # it speaks of the runs themselves


def contents(lake: Lake) -> dict[str, tuple[int, str]]:
    """Rows and checksum of every table of a lake that is there; the columns that tell of the runs left out."""
    catalog = transforms.catalog()
    names = {(layer, name) for layer in get_args(Layer) if layer != "ledger" for name in catalog.tables}
    names |= {(layer_of(recipe), name) for name, recipe in catalog.marts.items() if name != ASIDE}
    tables = {f"{layer}/{name}": lake.open(layer, name) for layer, name in sorted(names)}
    return {name: _sum(table.to_pyarrow_table()) for name, table in tables.items() if table is not None}


def _sum(table: pa.Table) -> tuple[int, str]:
    kept = table.select(sorted(name for name in table.column_names if not name.startswith("_") or name == "_op"))
    rows = sorted(repr(row) for row in kept.to_pylist())
    return len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
