"""The rows of a gold commit, as a warehouse takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.checksum import Field
from lakehouse.contracts import Mart
from lakehouse.lake import Lake, State, replaced

KINDS = {"int64": "int", "int32": "int", "date32[day]": "date", "bool": "bool", "string": "text"}


@dataclass(frozen=True)
class Difference:
    """A mart to release: its gold commit, the one that is served, and the periods in which the two differ.

    `periods` is None where all of it may differ: nothing is served yet, or the mart was built whole since.
    """

    mart: Mart
    state: State
    served: State | None = None
    periods: frozenset[date] | None = None

    @property
    def whole(self) -> Difference:
        """All of the mart, whatever is served."""
        return Difference(self.mart, self.state)


@dataclass(frozen=True)
class Rows:
    """Rows of a mart; a scan begins only when they are asked for, for one left unread aborts the process."""

    schema: pa.Schema
    dataset: Any
    of: pc.Expression | None = None

    @property
    def fields(self) -> list[Field]:
        """The canonical columns."""
        return [
            Field(f.name, "decimal" if pa.types.is_decimal(f.type) else KINDS[str(f.type)])  # type: ignore[arg-type]
            for f in self.schema
        ]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in batches that are not empty."""
        found = self.dataset.to_batches(filter=self.of)
        return (batch.cast(self.schema) for batch in found if batch.num_rows)


def difference(lake: Lake, mart: Mart, state: State, served: str | None) -> Difference:
    """What a gold commit changes of the commit that the warehouse serves, by its name."""
    number = int(served.partition("/")[0]) if served else 0
    commits = lake.commits("gold", mart.name, number, state.seq)
    if not commits or commits[0].commit != served or mart.period is None:
        return Difference(mart, state)
    return Difference(mart, state, commits[0], replaced(commits[1:]))


def rows(lake: Lake, mart: Mart, state: State, periods: Collection[date] | None = None) -> Rows:
    """The rows of a gold commit, or of some periods of it."""
    table = lake.open("gold", mart.name, state.snapshot)
    assert table is not None
    dataset = table.to_pyarrow_dataset()
    schema = pa.schema([(f.name, _plain(f.type)) for f in dataset.schema])
    of = None if periods is None else pc.field(str(mart.period)).isin(pa.array(sorted(periods), pa.date32()))
    return Rows(schema, dataset, of)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
