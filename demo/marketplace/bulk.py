"""Many rows at once into a table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pymysql
from pymysql.cursors import Cursor

from demo.marketplace.columns import Array, Columns
from demo.marketplace.schema import COLUMNS
from lakehouse import sqltypes

CHUNK = 500_000
REFUSED = {1148, 3948, 4166}
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}


class LoadError(RuntimeError):
    """The database kept other rows than it was given."""


def load(connection: pymysql.Connection[Cursor], table: str, columns: Columns) -> Iterator[int]:
    """Writes rows through files, or by statements where the server takes no files; yields how many at a time.

    Raises:
        LoadError: Rows were lost or altered on the way.
    """
    with connection.cursor() as cursor:
        for batch in typed(table, columns).to_batches(CHUNK):
            try:
                _load_file(cursor, table, batch)
            except pymysql.MySQLError as error:
                if error.args[0] not in REFUSED:
                    raise
                _insert(cursor, table, batch)
            yield batch.num_rows


def insert(cursor: Cursor, table: str, columns: Columns) -> None:
    """Writes rows by statements; columns that they lack take their defaults."""
    _insert(cursor, table, typed(table, columns))


def typed(table: str, columns: Columns) -> pa.Table:
    """The columns as the table declares them; NaN, NaT and None are NULL."""
    return pa.table({name: _array(values, COLUMNS[table][name]) for name, values in columns.items()})


def _array(values: Array, declared: str) -> pa.Array:
    wanted = sqltypes.parse(declared.split(maxsplit=1)[0])
    if wanted.kind == "text":
        return pa.array(values, wanted.arrow, from_pandas=True)
    target = pa.timestamp("us") if wanted.kind == "timestamp" else wanted.arrow
    return pa.array(values, from_pandas=True).cast(target)


def _insert(cursor: Cursor, table: str, rows: pa.Table | pa.RecordBatch) -> None:
    names: list[str] = rows.schema.names
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"  # noqa: S608
    cursor.executemany(statement, [tuple(row.values()) for row in rows.to_pylist()])


def _load_file(cursor: Cursor, table: str, rows: pa.RecordBatch) -> None:
    lines = pc.binary_join_element_wise(*(_escaped(column) for column in rows.columns), "\t")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".tsv") as file:
        file.writelines(f"{line}\n" for line in lines.to_pylist())
        file.flush()
        cursor.execute(
            f"LOAD DATA LOCAL INFILE %s INTO TABLE {table} CHARACTER SET utf8mb4 "
            r"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' "
            f"({', '.join(rows.schema.names)})",
            (file.name,),
        )
    if cursor.rowcount != rows.num_rows or cursor.warning_count:
        told = f"{rows.num_rows} rows given, {cursor.rowcount} kept, {cursor.warning_count} warnings"
        raise LoadError(f"{table}: {told}")


def _escaped(column: Any) -> Any:
    text = column.cast(pa.string())
    if pa.types.is_string(column.type):
        text = reduce(lambda found, pair: pc.replace_substring(found, *pair), ESCAPES.items(), text)
    return text.fill_null("\\N")
