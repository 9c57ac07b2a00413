"""What each column says, carried with the data as the comment of its column in Delta."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Column, MartColumn
from lakehouse.quoting import spark as quoted


def comment(column: Column | MartColumn) -> str:
    """What a column says, with the unit it says it in."""
    unit = column.unit if isinstance(column, MartColumn) else ""
    return f"{column.meaning} [{unit}]" if unit else column.meaning


def commented(frame: DataFrame, columns: Iterable[Column | MartColumn]) -> DataFrame:
    """The same rows, each declared column with what it says in place of any comment that it came with."""
    said = {column.name: comment(column) for column in columns if column.meaning}
    return frame.select(*[_said(name, said.get(name)) for name in frame.columns])


def _said(name: str, text: str | None) -> SparkColumn:
    column = F.col(quoted(name))
    return column if text is None else column.alias(name, metadata={"comment": text})
