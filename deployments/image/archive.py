"""Makes the image's class-data archive: Java plays a little of what each run does, and keeps the classes it took.

`python -m deployments.image.archive FOLDER`: the archive stands beside the jars in the folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from pyspark import SparkContext
from pyspark.sql import SparkSession

from lakehouse import session
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings

PATIENCE_SECONDS = 300


def play(spark: SparkSession, folder: str) -> None:
    """Appends, merges, aggregates and reads Delta tables, as curation and marts do."""
    source, target = f"{folder}/source", f"{folder}/target"
    rows = spark.range(100).selectExpr("id", "id % 7 AS kind", "CAST(id AS DECIMAL(12,2)) AS price", "now() AS at")
    for _ in range(2):
        rows.write.format("delta").mode("append").save(source)
    rows.write.format("delta").save(target)
    spark.sql(
        f"MERGE INTO delta.`{target}` t USING (SELECT id, max(kind) kind, max(price) price, max(at) at "  # noqa: S608
        f"FROM delta.`{source}` GROUP BY id) s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    whole = spark.read.format("delta").load(target)
    whole.groupBy("kind").sum("price").toDF("kind", "price").write.format("delta").save(f"{folder}/gold")
    spark.read.parquet(source).join(whole, "id").count()
    whole.toArrow()


def make(folder: Path) -> Path:
    """Makes the archive; returns where it is.

    Raises:
        Terminal: Java made none.
    """
    archive = session.archive(folder)
    archive.unlink(missing_ok=True)
    fresh = archive.with_suffix(".new")  # every Java of this process writes one; that of Spark ends last
    os.environ["JDK_JAVA_OPTIONS"] = f"-XX:ArchiveClassesAtExit={fresh}"
    spark = session.spark(Settings(jars=folder))
    java = SparkContext._gateway.proc  # type: ignore[union-attr]  # it writes the archive after we let it go
    with tempfile.TemporaryDirectory() as tables:
        play(spark, tables)
        spark.stop()
    java.stdin.close()
    java.wait(PATIENCE_SECONDS)
    if not fresh.exists():
        raise Terminal(f"Java made no archive at {fresh}; is the folder writable?")
    return fresh.replace(archive)


if __name__ == "__main__":
    made = make(Path(sys.argv[1]))
    sys.stdout.write(f"{made}: {made.stat().st_size >> 20} MiB\n")
