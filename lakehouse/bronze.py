"""Bronze: every version of every row as extracted. The latest version of a key is the one of the highest `_seq`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakehouse.checksum import Checksum, number_of_hash, row_text
from lakehouse.contracts import Column, Table, Terminal
from lakehouse.lake import RangeSum
from lakehouse.quoting import spark as quoted
from lakehouse.source.ranges import among, cut_by, is_ranged, pairs
from lakehouse.source.select import fields
from lakehouse.sqltypes import of
from lakehouse.window import Window, moment

UPSERT, DELETE = "upsert", "delete"


def schema(table: Table) -> T.StructType:
    """The bronze schema: the source's types and the columns of the record."""
    columns = [f"{quoted(c.name)} {kind(c)}" for c in table.columns]
    record = [
        "_hash string", "_op string", "_run_id string", "_seq bigint",
        "_window_low timestamp", "_window_high timestamp", "_read_at timestamp",
    ]  # fmt: skip
    found = T.StructType.fromDDL(", ".join([*columns, *record]))
    assert isinstance(found, T.StructType)
    return found


def kind(column: Column) -> str:
    """The type of a column in bronze."""
    return of(column).spark


def check_types(bronze: DataFrame, table: Table) -> None:
    """Refuses a declaration whose key or types cannot stand beside the versions that bronze holds.

    Raises:
        Terminal: Names the column and what to do.
    """
    held = {f.name: f.dataType for f in bronze.schema.fields}
    where = f"table {table.name}: bronze"
    for key in table.key:
        if key not in held:
            raise Terminal(f"{where} has no column {key}, which is now part of the key; give the table a new `name`")
    for field in schema(table).fields:
        known = held.get(field.name, field.dataType)
        if known != field.dataType:
            raise Terminal(
                f"{where} holds {field.name} as {known.simpleString()}, declared {field.dataType.simpleString()}; "
                f"give the column a new `name` and keep `source` as it is: old versions stay as they were read"
            )


def staged(session: SparkSession, table: Table, path: str) -> DataFrame:
    """Staged rows with the hash of their canonical text."""
    wanted = T.StructType(schema(table).fields[: len(table.columns)])
    return hashed(session.read.schema(wanted).parquet(path), table)


def hashed(rows: DataFrame, table: Table) -> DataFrame:
    """Rows with the hash of their canonical text."""
    return rows.withColumn("_hash", F.expr(f"md5({row_text(fields(table), 'spark')})"))


def latest(bronze: DataFrame, table: Table, *, single: bool = False) -> DataFrame:
    """The latest version of each key, tombstones among them; `single` rows are that already."""
    if single:
        return bronze
    everything = F.struct("_seq", *[c for c in bronze.columns if c != "_seq"])
    newest = bronze.groupBy(*table.key).agg(F.max_by(everything, F.col("_seq")).alias("_row"))
    return newest.select(*[F.col("_row")[name].alias(name) for name in bronze.columns])


def live_hashes(bronze: DataFrame, table: Table, aside: Expression | None = None) -> DataFrame:
    """Per key that is neither deleted nor `aside`, the hash of its latest version as a number, and its cursor.

    Columns: the key, `_number`, and `_cursor` for a table that has one. Made of numbers only, so that Spark
    aggregates in place.
    """
    by = F.col("_seq")
    kept = {"_number": F.expr(number_of_hash("_hash")).cast("bigint"), "_gone": F.col("_op") == DELETE}
    if aside is not None:
        kept["_gone"] = kept["_gone"] | aside
    if table.cursor is not None:
        kept["_cursor"] = F.col(table.cursor.column)
    newest = bronze.groupBy(*table.key).agg(*[F.max_by(value, by).alias(name) for name, value in kept.items()])
    return newest.where("NOT _gone").drop("_gone")


def checksum(frame: DataFrame) -> Checksum:
    """Count and checksum of rows that carry their hash."""
    row = frame.agg(F.count("*"), F.expr(f"COALESCE(SUM({number_of_hash('_hash')}), 0)")).collect()[0]
    return Checksum(int(row[0]), int(row[1]))


def numbered(rows: DataFrame) -> DataFrame:
    """Rows with their hash as the number that it adds to a checksum, `_number`."""
    return rows.withColumn("_number", F.expr(number_of_hash("_hash")).cast("bigint"))


def news(rows: DataFrame, bronze: DataFrame, table: Table) -> DataFrame:
    """The rows that do not equal the latest version of their key."""
    keys = list(table.key)
    touched = bronze.join(rows.select(*keys), keys, "left_semi")
    known = latest(touched, table).select(*keys, F.col("_hash").alias("_known"), F.col("_op").alias("_known_op"))
    same = (F.col("_known") == F.col("_hash")) & (F.col("_known_op") == UPSERT)
    joined = rows.join(known, keys, "left").where(~F.coalesce(same, F.lit(False)))
    return joined.drop("_known", "_known_op").withColumn("_op", F.lit(UPSERT))


def vanished(rows: DataFrame, bronze_latest: DataFrame, table: Table) -> DataFrame:
    """Tombstones, with the last values, for live keys that are not among these rows."""
    live = bronze_latest.where(F.col("_op") == UPSERT)
    gone = live.join(rows.select(*table.key), list(table.key), "left_anti")
    return gone.select(*rows.columns).withColumn("_op", F.lit(DELETE))


def recorded(rows: DataFrame, table: Table, run_id: str, seq: int, window: Window | None, read_at: int) -> DataFrame:
    """Rows in the bronze schema, stamped with their commit."""
    low, high = (moment(window.low), moment(window.high)) if window else (None, None)
    stamps = {
        "_run_id": run_id,
        "_seq": seq,
        "_window_low": low,
        "_window_high": high,
        "_read_at": moment(read_at),
    }
    for name, value in stamps.items():
        rows = rows.withColumn(name, F.lit(value))
    return rows.select(*[F.col(f.name).cast(f.dataType.simpleString()).alias(f.name) for f in schema(table)])


def in_ranges(frame: DataFrame, table: Table, ranges: Sequence[tuple[str | None, str | None]]) -> DataFrame:
    """The rows whose key lies in one of these ranges."""
    return frame.where(among(table, ranges, "spark"))


def range_sums(hashes: DataFrame, table: Table, cuts: tuple[str, ...]) -> tuple[RangeSum, ...]:
    """Count and checksum per range of rows with their hash as `_number`."""
    ranges = pairs(cuts)
    total = F.sum(F.col("_number").cast("decimal(38,0)"))
    found = _with_range(hashes, table, cuts).groupBy("_range").agg(F.count("*"), total)
    by_number = {int(i): Checksum(int(n), int(s)) for i, n, s in found.collect()}
    return tuple(RangeSum(low, high, by_number.get(i, Checksum(0, 0))) for i, (low, high) in enumerate(ranges))


def without_keys(frame: DataFrame, table: Table, keys: Sequence[tuple[Any, ...]]) -> DataFrame:
    """The rows whose key is none of these."""
    if not keys:
        return frame
    key_schema = T.StructType([f for f in schema(table).fields if f.name in table.key])
    ordered = [tuple(_exact(row[table.key.index(f.name)], f.dataType) for f in key_schema) for row in keys]
    return frame.join(frame.sparkSession.createDataFrame(ordered, key_schema), list(table.key), "left_anti")


def _exact(value: Any, kind: T.DataType) -> Any:
    if isinstance(kind, T.DecimalType):
        return Decimal(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _with_range(rows: DataFrame, table: Table, cuts: tuple[str, ...]) -> DataFrame:
    """Rows with the number of their range, `_range`: a prefix of the hash, or found by bisection of the cuts."""
    if cuts and not is_ranged(table):
        prefix = cut_by(table, "spark", len(cuts[0])).sql
        return rows.withColumn("_range", F.expr(f"CAST(CONV({prefix}, 16, 10) AS INT)"))
    kind = of(table.column(table.key[0])).spark
    bounds, key = F.expr(f"CAST(SPLIT('{','.join(cuts)}', ',') AS ARRAY<{kind}>)"), F.expr(cut_by(table, "spark").sql)
    number, found = F.col("_range"), rows.withColumn("_range", F.lit(0))
    for step in (1 << bit for bit in reversed(range(len(cuts).bit_length()))):
        is_beyond = F.get(bounds, number + (step - 1)) <= key
        found = found.withColumn("_range", number + F.when(is_beyond, step).otherwise(0))
    return found
