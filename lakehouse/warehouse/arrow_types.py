"""Tables of the warehouse as Arrow has them, so that a binary COPY fits their columns exactly."""

from __future__ import annotations

import pyarrow as pa

from lakehouse.warehouse.model import Relation, Type

PLAIN = {
    "smallint": pa.int16(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"), "text": pa.string(), "binary": pa.binary(),
}  # fmt: skip


def schema(relation: Relation) -> pa.Schema:
    """The columns of a table."""
    return pa.schema([(column.name, of(column.type)) for column in relation.columns])


def of(kind: Type) -> pa.DataType:
    """The type of a column."""
    if kind.kind == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    return pa.list_(of(kind.element)) if kind.element is not None else PLAIN[kind.kind]
