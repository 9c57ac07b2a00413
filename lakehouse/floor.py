"""What an engine that somebody else set up must be, before anything is written by it."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.contracts import Terminal

SPARK, HADOOP = (4, 0), (3, 4, 2)
TASKS_PER_CORE = 4  # so that no executor is without one
MANY = 1 << 16  # numbers, of which each core has some
OLD = {"3.5.6": "AWS Glue 5.1", "3.5.4": "AWS Glue 5.0", "3.3.0": "AWS Glue 4.0"}
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
CLASSES = {
    "io.delta.sql.DeltaSparkSessionExtension": "delta-spark",
    "io.delta.storage.HadoopFileSystemLogStore": "delta-storage",
    "lakehouse.logstore.ConditionalLogStore": "logstore",
    "org.mariadb.jdbc.Driver": "mariadb-java-client",
}


def refuse_old_spark(version: str) -> None:
    """Refuses a Spark whose platform cannot create an object under a condition; needs no JVM.

    Raises:
        Terminal: It is older than the floor; names the platform where it is known.
    """
    if _numbers(version) < SPARK:
        where = f" ({OLD[version]})" if version in OLD else ""
        raise Terminal(
            f"Spark {version}{where} cannot work: the lake's commits need Spark 4.0 and Hadoop 3.4.2 or newer, or two "
            "runs could overwrite each other's; use AWS Glue 6.0, or EMR with Spark 8.0"
        )


def refuse_old_hadoop(version: str) -> None:
    """Refuses a Hadoop that cannot create an object under a condition.

    Raises:
        Terminal: It is older than the floor.
    """
    if _numbers(version) < HADOOP:
        raise Terminal(f"Hadoop {version} cannot work: 3.4.2 or newer creates an object only where there is none")


def refuse_unfit(session: SparkSession, *, is_s3: bool) -> None:
    """Refuses a session by which a commit could be lost.

    Raises:
        Terminal: Hadoop is too old, S3 is not served by S3A, or a jar is missing.
    """
    jvm: Any = session._jvm
    refuse_old_hadoop(str(jvm.org.apache.hadoop.util.VersionInfo.getVersion()))
    missing = [jar for name, jar in CLASSES.items() if not _is_there(session, name)]
    if missing:
        raise Terminal(f"missing on the class path: {', '.join(missing)}; `lakehouse deploy glue` tells what to load")
    found = file_system(session, "s3a") if is_s3 else S3A
    if found != S3A:
        raise Terminal(f"s3a:// is served by {found}, which cannot create under a condition; it must be {S3A}")


def refuse_lacking(session: SparkSession, *, is_s3: bool) -> None:
    """Refuses a session whose executors lack a jar, as far as those that are there so far can be asked.

    Raises:
        Terminal: Names the jar.
    """
    wanted = {**CLASSES, S3A: "hadoop-aws"} if is_s3 else CLASSES
    loaded = [
        f"try_reflect('java.lang.Class', 'forName', '{name}') IS NOT NULL AS `{jar}`" for name, jar in wanted.items()
    ]
    cores = session.range(0, MANY).selectExpr("spark_partition_id()").distinct().count()
    tasks = TASKS_PER_CORE * cores
    found = session.range(0, tasks, 1, tasks).selectExpr(*loaded).collect()
    missing = [jar for jar in wanted.values() if not all(row[jar] for row in found)]
    if missing:
        raise Terminal(
            f"missing on the class path of the executors: {', '.join(missing)}; each machine needs the jars of "
            "`make jars` in the folder in which the driver has them"
        )


def _is_there(session: SparkSession, name: str) -> bool:
    jvm: Any = session._jvm
    try:
        return bool(jvm.org.apache.spark.util.Utils.classIsLoadable(name))
    except Exception:  # it is, and what it is made of is not
        return False


def file_system(session: SparkSession, scheme: str) -> str:
    """The class that serves addresses of a scheme; what says that there is none, otherwise."""
    jvm: Any = session._jvm
    try:
        return str(
            jvm.org.apache.hadoop.fs.FileSystem.getFileSystemClass(scheme, session._jsc.hadoopConfiguration()).getName()
        )
    except Exception as error:
        return f"nothing ({str(error).splitlines()[-1].strip()})"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
