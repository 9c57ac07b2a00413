"""The one checksum, of Arrow rows: what the lake holds, in the words in which PostgreSQL sums what a mirror holds."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.checksum import NULL, Checksum, Field

md5 = partial(hashlib.md5, usedforsecurity=False)
HALF_BYTE = 4
HASH_BYTES = 7


def fields(schema: pa.Schema) -> list[Field]:
    """The canonical columns, as PostgreSQL selects them."""
    return [_field(f.name, f.type) for f in schema]


def numbers(batch: pa.RecordBatch) -> pa.Array:
    """The number of each row, the one that `checksum.row_number` gives it."""
    if not batch.num_rows:
        return pa.array([], pa.int64())
    parts = [part for column in batch.columns for part in _parts(column)]
    texts = pc.binary_join_element_wise(*parts, "|", null_handling="skip").cast(pa.binary())
    return pa.array([_number(text) for text in texts.to_pylist()], pa.int64())


def checksum(found: pa.Array | pa.ChunkedArray) -> Checksum:
    """Count and sum of the numbers of rows."""
    return Checksum(len(found), sum(found.to_pylist()))


def _number(text: bytes) -> int:
    return int.from_bytes(md5(text).digest()[:HASH_BYTES], "big") >> HALF_BYTE


def _field(name: str, kind: pa.DataType) -> Field:
    if pa.types.is_list(kind):
        return Field(name, "text", "to_json({})::text")
    if pa.types.is_floating(kind):
        return Field(name, "text", "encode(float8send({}), 'hex')")
    named: list[tuple[Callable[[pa.DataType], bool], Any]] = [
        (pa.types.is_boolean, "bool"), (pa.types.is_integer, "int"), (pa.types.is_decimal, "decimal"),
        (pa.types.is_date, "date"), (pa.types.is_timestamp, "timestamp"), (pa.types.is_binary, "binary"),
    ]  # fmt: skip
    return Field(name, next((known for fits, known in named if fits(kind)), "text"))


def _parts(column: pa.Array) -> Iterator[pa.Array]:
    """What a column adds: its texts; before those that are texts already, their length."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_list(kind) or pa.types.is_floating(kind):
        texts = column if pa.types.is_string(kind) else _each(column, _json if pa.types.is_list(kind) else _double)
        yield pc.fill_null(pc.utf8_length(texts).cast(pa.string()), NULL)
        yield texts
    else:
        yield pc.fill_null(_text(column), NULL)


def _text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "1", "0")
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us")).cast(pa.string())
    if pa.types.is_decimal(kind):
        return _each(column, lambda value: f"{value:f}")
    if pa.types.is_binary(kind):
        return _each(column, lambda value: md5(value).hexdigest())
    return column.cast(pa.string())


def _each(column: pa.Array, text: Callable[[Any], str]) -> pa.Array:
    return pa.array([None if value is None else text(value) for value in column.to_pylist()], pa.string())


def _json(value: list[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _double(value: float) -> str:
    return struct.pack(">d", value).hex()
