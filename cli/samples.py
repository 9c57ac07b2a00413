"""What Spark says of a mart: the columns that it reads, and what it makes of a small made-up marketplace.

The marketplace is a folder with a CSV file for each table that marts read, holding at least the columns they read.
"""

from __future__ import annotations

import csv
import inspect
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from lakehouse import jars, quality_log
from lakehouse.contracts import QUALITY, Catalog, Mart, Terminal
from lakehouse.session import JVM_FLAGS

AS_OF = date(2025, 1, 31)
LOG_OPTIONS = Path(str(jars.__file__)).with_name("log4j2.properties")
MOST_ROWS = 6
KEPT = {"_deleted_at": "TIMESTAMP", "_seq": "BIGINT"}
KEPT_OF_VERSIONS = {"valid_from": "TIMESTAMP", "valid_to": "TIMESTAMP", "is_current": "BOOLEAN", "_seq": "BIGINT"}


@dataclass(frozen=True)
class Sample:
    """The columns of silver that a mart reads, by table, through other marts too; and its last rows, as text."""

    reads: dict[str, tuple[str, ...]]
    rows: list[tuple[str, ...]]


def samples(catalog: Catalog, spark: SparkSession, folder: Path) -> dict[str, Sample]:
    """What each mart reads, and makes of the marketplace in a folder as of AS_OF.

    Raises:
        Terminal: A file is missing, or has a column that its table has not.
    """
    frames: dict[str, DataFrame] = {}
    for name, recipe in catalog.marts.items():
        for needed in recipe.inputs:
            if needed not in frames:
                frames[needed] = _table(catalog, spark, folder / f"{needed}.csv")
        given = {needed: frames[needed] for needed in recipe.inputs}
        day = {"as_of": AS_OF} if "as_of" in inspect.signature(recipe.build).parameters else {}
        frames[name] = recipe.build(**given, **day)
    return {name: Sample(_reads(frames[name]), _rows(frames[name], r.mart)) for name, r in catalog.marts.items()}


def session() -> SparkSession:
    """Spark without a lake: it reads the declarations and the files of a folder."""
    os.environ["JAVA_HOME"] = str(jars.find_java().parents[1])
    builder = SparkSession.builder.master("local[1]").config("spark.log.level", "ERROR")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"{JVM_FLAGS} -Dlog4j2.configurationFile={LOG_OPTIONS.as_uri()}",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.shuffle.partitions": "1",
    }
    return builder.config(map=options).getOrCreate()


def _table(catalog: Catalog, spark: SparkSession, file: Path) -> DataFrame:
    if not file.exists():
        raise Terminal(f"there is no {file}; marts read {file.stem}: write a few rows of it, with a header")
    with file.open(encoding="utf-8", newline="") as lines:
        head = next(csv.reader(lines))
    types = _types(catalog, file.stem)
    for unknown in set(head) - types.keys():
        raise Terminal(f"{file}: {file.stem} has no column {unknown}; it has {', '.join(types)}")
    schema = ", ".join(f"`{name}` {types[name]}" for name in head)
    return spark.read.csv(file.as_uri(), schema=schema, header=True)


def _types(catalog: Catalog, name: str) -> dict[str, str]:
    if name == QUALITY:
        return {field.name: field.dataType.simpleString() for field in from_arrow_schema(quality_log.SCHEMA)}
    declared = {c.name: c.type for c in catalog.tables[name.removesuffix("_history")].table.columns}
    return declared | (KEPT if name in catalog.tables else KEPT_OF_VERSIONS)


def _reads(frame: DataFrame) -> dict[str, tuple[str, ...]]:
    """The columns of each file that Spark would read for this frame, all others being pruned."""
    found: dict[str, set[str]] = {}
    leaves = frame._jdf.queryExecution().sparkPlan().collectLeaves()
    for leaf in (leaves.apply(n) for n in range(leaves.size())):
        if leaf.getClass().getSimpleName() != "FileSourceScanExec":
            continue
        file = Path(leaf.relation().location().rootPaths().apply(0).getName())
        output = leaf.output()
        found.setdefault(file.stem, set()).update(output.apply(n).name() for n in range(output.size()))
    return {name: tuple(sorted(columns)) for name, columns in sorted(found.items())}


def _rows(frame: DataFrame, mart: Mart) -> list[tuple[str, ...]]:
    last = frame.orderBy(*mart.grain).collect()[-MOST_ROWS:]
    return [tuple("NULL" if value is None else str(value) for value in row) for row in last]
