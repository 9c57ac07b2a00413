"""Gold: each mart made anew from pinned inputs, whole or in the periods that a change reaches, and committed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakehouse import delta, recompute
from lakehouse.checksum import Checksum, Field, row_number, row_text
from lakehouse.comments import commented
from lakehouse.contracts import Catalog, Recipe, Terminal
from lakehouse.lake import Lake, State
from lakehouse.pins import AS_OF, Pins, frames, layer_of
from lakehouse.quoting import spark as quoted

ROWS_PER_FILE = 250_000
ONLY = "only"
KINDS = (
    (T.DecimalType, "decimal"),
    (T.BooleanType, "bool"),
    (T.DateType, "date"),
    (T.TimestampType, "timestamp"),
    (T.StringType, "text"),
    (T.IntegralType, "int"),
)


def build(
    session: SparkSession, lake: Lake, catalog: Catalog, recipe: Recipe, pins: Pins, before: State | None, run_id: str
) -> State:
    """Builds one mart and commits it, with its count and checksum, behind `before`.

    Where the changes since `before` tell which periods they reach, those alone are built and replaced.

    `before` must be read before the pins: only then can no mart go back to older inputs.

    Raises:
        Superseded: Another run committed the mart first.
        Terminal: A check of severity `fail` is broken.
    """
    layer, name = layer_of(recipe), recipe.mart.name
    reached = recompute.reached(session, lake, catalog, recipe, pins, before)
    rows = _rows(frames(session, lake, catalog, recipe, pins), recipe, pins.as_of, reached).persist()
    try:
        checksum = judged(rows, recipe)
        if before is None or reached is None:
            write = delta.overwrite(_laid_out(rows, recipe.mart.period, checksum.rows))
        else:
            condition = _among(recipe, reached)
            gone, _ = _summed(delta.read(session, lake, layer, before, name).where(condition))
            checksum = before.checksum - gone + checksum
            write = delta.replace_where(rows, condition) if reached else delta.append(rows.limit(0))
        state = replace(
            delta.next_state(f"{layer}/{name}", before, run_id, "build"),
            inputs={i: pins.states[i].seq for i in recipe.inputs},
            fingerprint=recipe.fingerprint,
            as_of=pins.as_of.isoformat(),
            checksum=checksum,
            periods=None if reached is None else tuple(day.isoformat() for day in reached),
        )
        return delta.commit(lake, layer, name, state, session, write)
    finally:
        rows.unpersist()


def fields(schema: T.StructType) -> list[Field]:
    """The canonical columns of a mart."""
    return [Field(f.name, _kind(f.name, f.dataType)) for f in schema.fields]


def judged(rows: DataFrame, recipe: Recipe) -> Checksum:
    """Count and checksum of a mart's rows, in one pass with its checks.

    Raises:
        Terminal: A check of severity `fail` is broken; names it and how many rows.
    """
    strict = [c for c in recipe.mart.checks if c.severity == "fail"]
    checksum, broken = _summed(rows, *[F.count_if(F.expr(f"NOT ({c.condition})")) for c in strict])
    for check, found in zip(strict, broken, strict=True):
        if found:
            raise Terminal(f"mart {recipe.mart.name}: {found} rows break {check.name}; it is not published")
    return checksum


def _summed(rows: DataFrame, *more: Column) -> tuple[Checksum, list[Any]]:
    """Count and checksum of rows, and more aggregates of them."""
    number = row_number(row_text(fields(rows.schema), "spark"), "spark")
    count, total, *others = rows.agg(F.count("*"), F.expr(f"COALESCE(SUM({number}), 0)"), *more).collect()[0]
    return Checksum(int(count), int(total)), others


def _rows(given: dict[str, Any], recipe: Recipe, as_of: date, reached: Sequence[date] | None) -> DataFrame:
    """The rows of a mart, or of the reached periods of it."""
    wanted = inspect.signature(recipe.build).parameters
    offered = {AS_OF: as_of, ONLY: reached}
    built = recipe.build(**given, **{name: value for name, value in offered.items() if name in wanted})
    rows = commented(built, recipe.mart.columns)
    return rows if reached is None else rows.where(_among(recipe, reached))


def _among(recipe: Recipe, periods: Sequence[date]) -> str:
    """The condition that a row of the mart is of one of these periods."""
    days = ", ".join(f"DATE'{day}'" for day in periods)
    return f"{quoted(str(recipe.mart.period))} IN ({days})" if days else "FALSE"


def _laid_out(rows: DataFrame, period: str | None, count: int) -> DataFrame:
    """The rows in files of neighbouring periods, so that replacing a few rewrites few files."""
    files = -(-count // ROWS_PER_FILE)
    return rows if period is None or files < 2 else rows.repartitionByRange(files, period)


def _kind(name: str, kind: T.DataType) -> Any:
    """The canonical kind of a mart's column.

    Raises:
        Terminal: There is none for this type; a mart casts it first.
    """
    for spark_type, found in KINDS:
        if isinstance(kind, spark_type):
            return found
    raise Terminal(f"a mart's column {name} is {kind.simpleString()}, which cannot be published; cast it in the mart")
