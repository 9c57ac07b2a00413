"""Reads rows of the source into staged Parquet, and the source's own count and checksum with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import connectorx
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute

from lakehouse.checksum import NOTHING, Checksum, Field, row_number, row_text
from lakehouse.contracts import Table, Terminal, Transient
from lakehouse.quoting import mysql
from lakehouse.settings import SourceSettings
from lakehouse.source.connection import url
from lakehouse.sqltypes import parse
from lakehouse.window import Window, moment

BATCH_ROWS = 50_000
PINS = ["SET time_zone='+00:00'"]


@dataclass(frozen=True)
class Staged:
    """Rows on their way: where they are, how many, and what the same statement counted at the source."""

    path: str
    rows: int
    proof: Checksum | None
    tail: Checksum = NOTHING


def fields(table: Table) -> list[Field]:
    """The canonical columns of a table, by lake name."""
    return [Field(c.name, parse(c.source_type).kind) for c in table.columns]


def source_fields(table: Table) -> list[Field]:
    """The canonical columns of a table, by source name."""
    return [Field(c.source_name, parse(c.source_type).kind) for c in table.columns]


def literal(micro: int) -> str:
    """A cursor bound as a SQL literal; made of digits only."""
    return f"'{moment(micro):%Y-%m-%d %H:%M:%S.%f}'"


def between(table: Table, window: Window) -> str:
    """The condition that selects a window, (low, high]."""
    assert table.cursor is not None
    column = mysql(table.column(table.cursor.column).source_name)
    return f"{column} > {literal(window.low)} AND {column} <= {literal(window.high)}"


def stage(source: SourceSettings, table: Table, where: str, folder: str, tail: str | None = None) -> Staged:
    """Reads the rows that fulfil `where` in one statement; with `tail`, the statement also proves itself.

    `tail` is the condition of the rows whose checksum is kept for the next probe.

    Raises:
        Transient: The connection was lost in mid-stream; never a short read.
    """
    sql = _plain(table, where) if tail is None else _proven(table, where, tail)
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = f"{folder}/part-0.parquet"
    rows, proof, rest = 0, None, NOTHING
    with pq.ParquetWriter(path, _schema(table), compression="zstd") as writer:
        for batch in _stream(source, table, sql):
            if tail is not None:
                batch, found = _split(batch)  # noqa: PLW2901
                if found:
                    proof, rest = found
            rows += batch.num_rows
            writer.write_batch(_typed(table, batch))
    if tail is not None and proof is None:
        raise Transient(f"{table.name}: the stream ended before the source's own count arrived")
    return Staged(folder, rows, proof, rest)


def _columns(table: Table) -> str:
    return ", ".join(f"{parse(c.source_type).select(mysql(c.source_name))} AS {mysql(c.name)}" for c in table.columns)


def _plain(table: Table, where: str) -> str:
    return f"SELECT {_columns(table)} FROM {mysql(table.source_name)} WHERE {where}"  # noqa: S608


def _proven(table: Table, where: str, tail: str) -> str:
    number = row_number(row_text(source_fields(table), "mysql"), "mysql")
    z = ", ".join(
        f"{parse(c.source_type).select('z.' + mysql(c.source_name))} AS {mysql(c.name)}" for c in table.columns
    )
    return (
        f"SELECT {_columns(table)}, -1 AS _n, '' AS _sum, -1 AS _tail_n, '' AS _tail_sum "  # noqa: S608
        f"FROM {mysql(table.source_name)} WHERE {where} UNION ALL "
        f"SELECT {z}, k.n, k.s, k.tn, k.ts FROM (SELECT COUNT(*) n, CAST(COALESCE(SUM({number}), 0) AS CHAR) s, "
        f"COALESCE(SUM({tail}), 0) tn, CAST(COALESCE(SUM(CASE WHEN {tail} THEN {number} END), 0) AS CHAR) ts "
        f"FROM {mysql(table.source_name)} WHERE {where}) k LEFT JOIN {mysql(table.source_name)} z ON FALSE"
    )


def _stream(source: SourceSettings, table: Table, sql: str) -> Iterator[pa.RecordBatch]:
    try:
        reader = connectorx.read_sql(
            url(source),
            sql,
            return_type="arrow_stream",
            batch_size=BATCH_ROWS,
            protocol="binary",
            pre_execution_query=PINS,
        )
        yield from reader
    except BaseException as error:
        if type(error).__name__ not in ("PanicException", "RuntimeError", "OSError", "ArrowInvalid"):
            raise
        raise Transient(f"{table.name}: the read broke off ({type(error).__name__}); it is safe to run again") from None


def _split(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, tuple[Checksum, Checksum] | None]:
    count = compute.cast(batch.column("_n"), pa.int64())
    trailer = batch.filter(compute.greater_equal(count, 0))
    data = batch.filter(compute.less(count, 0))
    if trailer.num_rows == 0:
        return data, None
    last = trailer.to_pylist()[0]
    proof = Checksum(int(last["_n"]), int(last["_sum"]))
    return data, (proof, Checksum(int(last["_tail_n"]), int(last["_tail_sum"])))


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(c.name, parse(c.source_type).arrow) for c in table.columns])


def _typed(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    schema = _schema(table)
    try:
        arrays = [_cast(batch.column(f.name), f.type) for f in schema]
    except pa.ArrowInvalid as error:
        raise Terminal(f"{table.name}: a value does not fit its declared type ({error})") from None
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast(array: pa.Array, to: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(to) and array.type != to:
        return array.cast(pa.timestamp("us")).cast(to) if pa.types.is_timestamp(array.type) else array.cast(to)
    return array if array.type == to else array.cast(to)
