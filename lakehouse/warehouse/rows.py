"""The rows of a gold commit, as a warehouse takes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from lakehouse.checksum import Field
from lakehouse.contracts import Mart, Transient
from lakehouse.lake import Lake, State, replaced
from lakehouse.quoting import postgres as quoted

KINDS = {"int64": "int", "int32": "int", "date32[day]": "date", "bool": "bool", "string": "text"}
ONE_FILE_AT_A_TIME = "SET datafusion.execution.target_partitions = 1"


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
    """Rows of a mart; they are read only when they are asked for, and never all at once."""

    schema: pa.Schema
    read: Callable[[], Iterable[pa.RecordBatch]]

    @property
    def fields(self) -> list[Field]:
        """The canonical columns."""
        return [
            Field(f.name, "decimal" if pa.types.is_decimal(f.type) else KINDS[str(f.type)])  # type: ignore[arg-type]
            for f in self.schema
        ]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of some thousand.

        Raises:
            Transient: The lake does not answer.
        """
        return (batch.cast(self.schema) for batch in self.read())


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
    schema = pa.schema([(f.name, _plain(f.type)) for f in pa.schema(table.schema().to_arrow())])
    return Rows(schema, partial(_scanned, table, of_periods(mart, periods)))


def of_periods(mart: Mart, periods: Collection[date] | None) -> str:
    """The condition that a row of a mart is of these periods; of any where they are None."""
    if periods is None:
        return "TRUE"
    days = ", ".join(f"DATE '{day}'" for day in sorted(periods))
    return f"{quoted(str(mart.period))} IN ({days})" if days else "FALSE"


def _scanned(table: DeltaTable, where: str) -> Iterator[pa.RecordBatch]:
    """By DataFusion, which decodes some thousand rows at a time, where Arrow's own scanner decodes whole row groups.

    Arrow asks it for them: unlike its own iterator, it lets other threads work while it waits.
    """
    query = QueryBuilder().register("gold", table)
    query.execute(ONE_FILE_AT_A_TIME)
    found = query.execute(f"SELECT * FROM gold WHERE {where}")  # noqa: S608
    try:
        yield from pa.RecordBatchReader.from_stream(found)
    except pa.ArrowException as error:
        raise Transient(f"{table.table_uri} cannot be read; try again: {error}") from None


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
