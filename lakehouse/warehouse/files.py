"""What a table of the lake has gained and lost between two commits, by its files; needs no JVM."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset as ds

from lakehouse import arrow_checksum
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.lake import Lake, Layer, State


@dataclass(frozen=True)
class Files:
    """Files of one commit of a table; their rows come in the columns and types of `schema`."""

    dataset: Any
    schema: pa.Schema

    @property
    def paths(self) -> frozenset[str]:
        """Their names."""
        return frozenset(fragment.path for fragment in self.dataset.get_fragments())

    def without(self, paths: Collection[str]) -> Files:
        """Those that are none of these."""
        found = self.dataset
        kept = [fragment for fragment in found.get_fragments() if fragment.path not in paths]
        return replace(self, dataset=ds.FileSystemDataset(kept, found.schema, found.format, found.filesystem))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in batches that are not empty."""
        found = self.dataset.to_batches(columns=self.schema.names)
        return (batch.cast(self.schema) for batch in found if batch.num_rows)

    def numbered(self) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
        """The rows, with the number that each adds to a checksum."""
        return ((batch, arrow_checksum.numbers(batch)) for batch in self.batches())

    def summed(self, sums: list[Checksum]) -> Iterator[pa.RecordBatch]:
        """The rows; count and checksum of each batch that was taken stand in `sums` then."""
        for batch, numbers in self.numbered():
            sums.append(arrow_checksum.checksum(numbers))
            yield batch


@dataclass(frozen=True)
class Change:
    """Files that one commit of a table has and an earlier one had not, and the other way round.

    Most of the rows of a file that a merge has written anew stand in both.
    """

    come: Files
    gone: Files
    come_numbers: pa.ChunkedArray
    gone_numbers: pa.ChunkedArray

    @property
    def checksum(self) -> Checksum:
        """What the change adds to the count and checksum of the table."""
        return arrow_checksum.checksum(self.come_numbers) - arrow_checksum.checksum(self.gone_numbers)

    def rows_come(self) -> Iterator[pa.RecordBatch]:
        """The rows that are new, or new in a value."""
        return _others(self.come, self.come_numbers, self.gone_numbers)

    def rows_gone(self) -> Iterator[pa.RecordBatch]:
        """The rows that are gone, or that had another value."""
        return _others(self.gone, self.gone_numbers, self.come_numbers)


def files(lake: Lake, layer: Layer, name: str, state: State, wanted: pa.Schema) -> Files:
    """The files of a commit; of the wanted columns those that the table has."""
    table = lake.open(layer, name, state.snapshot)
    assert table is not None
    dataset = table.to_pyarrow_dataset()
    return Files(dataset, pa.schema([field for field in wanted if field.name in dataset.schema.names]))


def change(before: Files, now: Files) -> Change:
    """What lies between two commits of a table.

    Raises:
        OSError: Files of the earlier one are there no more.
    """
    come, gone = now.without(before.paths), before.without(now.paths)
    return Change(come, gone, *(_numbers(side) for side in (come, gone)))


def checksum(found: Files) -> Checksum:
    """Count and checksum of all rows."""
    return sum((arrow_checksum.checksum(numbers) for _, numbers in found.numbered()), NOTHING)


def _numbers(found: Files) -> pa.ChunkedArray:
    return pa.chunked_array((numbers for _, numbers in found.numbered()), pa.int64())


def _others(found: Files, own: pa.ChunkedArray, known: pa.ChunkedArray) -> Iterator[pa.RecordBatch]:
    """The rows whose number is none of the known ones; a second scan brings them in the same batches."""
    for batch, numbers in zip(found.batches(), own.iterchunks(), strict=True):
        is_new = pc.invert(pc.is_in(numbers, known))
        if (kept := batch.filter(is_new)).num_rows:
            yield kept
