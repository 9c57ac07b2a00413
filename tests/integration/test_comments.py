"""What a column says stands in the Delta table, and never in the way of a write."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse import delta, gold
from lakehouse.comments import comment, commented
from lakehouse.contracts import Column, Mart, MartColumn, Recipe
from lakehouse.lake import Lake, State
from tests.support.bronze import spark as session_of

NIGHTS = MartColumn("nights", "BIGINT", "Nights sold", "nights")
COLUMNS = (MartColumn("day", "DATE", "The day"), NIGHTS)
OTHER = (MartColumn("day", "DATE", "Another day"), NIGHTS)
NEW = "day DATE, nights BIGINT"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def spark(lake: Lake) -> Iterator[SparkSession]:
    session = session_of(lake)
    yield session
    session.catalog.clearCache()


def rows(spark: SparkSession, *found: tuple[int, int]) -> DataFrame:
    return spark.createDataFrame([(date(2025, 1, day), nights) for day, nights in found], NEW)


def write(lake: Lake, spark: SparkSession, how: object, kind: str) -> None:
    before = lake.state("gold", "sold")
    state: State = delta.next_state("gold/sold", before, "run", kind)
    delta.commit(lake, "gold", "sold", state, spark, how)


def seen(lake: Lake) -> dict[str, str | None]:
    """The comments as a reader without Spark finds them."""
    return {field.name: field.metadata.get("comment") for field in lake.open("gold", "sold").schema().fields}


def held(lake: Lake) -> list[tuple[int, int]]:
    found = lake.open("gold", "sold").to_pyarrow_table().to_pylist()
    return sorted((row["day"].day, row["nights"]) for row in found)


def test_a_unit_stands_behind_the_meaning() -> None:
    assert comment(NIGHTS) == "Nights sold [nights]"
    assert comment(Column("id", "BIGINT", meaning="Number")) == "Number"


def test_comments_outlive_overwrites_merges_and_replaced_periods_and_never_stop_them(
    lake: Lake, spark: SparkSession
) -> None:
    said = {"day": "The day", "nights": "Nights sold [nights]"}
    write(lake, spark, delta.overwrite(commented(rows(spark, (1, 5), (2, 6)), COLUMNS)), "build")
    assert seen(lake) == said

    def merge(path: str) -> None:
        rows(spark, (2, 7), (3, 8)).createOrReplaceTempView("more")
        spark.sql(
            f"MERGE INTO delta.`{path}` t USING more s ON t.day = s.day "
            "WHEN MATCHED THEN UPDATE SET t.nights = s.nights "
            "WHEN NOT MATCHED THEN INSERT (day, nights) VALUES (s.day, s.nights)"
        )

    write(lake, spark, merge, "merge")
    assert (seen(lake), held(lake)) == (said, [(1, 5), (2, 7), (3, 8)])

    for columns, nights in ((OTHER, 10), ((), 11)):  # changed, and not told at all
        part = commented(rows(spark, (3, nights)), columns)
        write(lake, spark, delta.replace_where(part, "day IN (DATE'2025-01-03')"), "periods")
        assert (seen(lake), held(lake)) == (said, [(1, 5), (2, 7), (3, nights)])

    write(lake, spark, delta.append(commented(rows(spark, (4, 1)), OTHER)), "append")
    assert seen(lake) == said
    write(lake, spark, delta.overwrite(commented(rows(spark, (1, 5)), OTHER)), "build")
    assert (seen(lake), held(lake)) == (said | {"day": "Another day"}, [(1, 5)])


def test_a_change_feed_is_read_across_a_change_of_comments(lake: Lake, spark: SparkSession) -> None:
    write(lake, spark, delta.overwrite(rows(spark, (1, 5)), feed=True), "build")
    first = lake.state("gold", "sold")
    write(lake, spark, delta.append(commented(rows(spark, (2, 6)), COLUMNS)), "append")
    write(lake, spark, delta.overwrite(commented(rows(spark, (1, 7), (2, 6)), COLUMNS)), "build")
    write(lake, spark, delta.overwrite(commented(rows(spark, (2, 8)), OTHER)), "build")

    changed = delta.changes(spark, lake, "gold", "sold", first, lake.state("gold", "sold"))

    found = sorted(
        (row["_commit_version"], row["_change_type"], row["day"].day, row["nights"]) for row in changed.collect()
    )
    assert found == [
        (1, "insert", 2, 6),
        (2, "delete", 1, 5), (2, "delete", 2, 6), (2, "insert", 1, 7), (2, "insert", 2, 6),
        (3, "delete", 1, 7), (3, "delete", 2, 6), (3, "insert", 2, 8),
    ]  # fmt: skip


def test_a_comment_changes_neither_rows_nor_checksum_and_replaces_one_that_came_with_the_input(
    lake: Lake, spark: SparkSession
) -> None:
    recipe = Recipe(Mart("sold", ("day",), "", columns=COLUMNS), lambda: None, (), "1")
    bare = rows(spark, (1, 5), (2, 6))
    told = commented(bare, COLUMNS)

    assert gold.judged(told, recipe) == gold.judged(bare, recipe)
    assert told.dtypes == bare.dtypes
    write(lake, spark, delta.overwrite(told), "build")
    read = spark.read.format("delta").load(lake.spark_path("gold", "sold"))
    assert read.schema["day"].metadata == {"comment": "The day"}
    assert commented(read, OTHER).schema["day"].metadata == {"comment": "Another day"}
    assert commented(read, ()).schema == read.schema
