"""The one SparkSession factory."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession, is_remote

from lakehouse import cluster, connect, floor, jars, s3
from lakehouse.contracts import PipelineError, Terminal
from lakehouse.settings import PLATFORM, Settings

STARTING = threading.Lock()
GARBAGE = 700, 10, 10  # Python's own: what garbage still holds of Spark fills Spark's heap
LOG_STORE = "lakehouse.logstore.ConditionalLogStore"
STATIC = {  # what only whoever starts Spark can say
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.delta.logStore.file.impl": LOG_STORE,
    "spark.delta.logStore.s3a.impl": LOG_STORE,
}
STARTED = {"spark.sql.catalogImplementation": "in-memory", "spark.scheduler.mode": "FAIR"}  # a server may do otherwise
CONFS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.databricks.delta.writeChecksumFile.enabled": "false",
    # what is still needed is kept by the upkeep, and may be older than Delta's seven days
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    "spark.databricks.delta.properties.defaults.logRetentionDuration": "interval 400 days",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # by default other readers fail beyond 2262
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
OWN = {  # where we start Spark ourselves
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
JVM_FLAGS = (
    "-Duser.timezone=UTC -XX:+ExitOnOutOfMemoryError -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "
    "-XX:ReservedCodeCacheSize=240m "
    "-Xlog:disable -Xlog:all=off"
)


def needs(settings: Settings) -> dict[str, Callable[[], object]]:
    """What a session needs, by name, each to be looked at; Spark itself is not started."""
    master = settings.spark.master
    if master == PLATFORM:
        return {}
    if _is_connect(settings):
        return {"Spark": partial(connect.refuse_absent, master)}
    ours: dict[str, Callable[[], object]] = {
        "Java": jars.find_java,
        "jars": lambda: jars.class_path(_jars(settings)),
    }
    return ours | ({"Spark": partial(cluster.refuse_absent, master)} if "://" in master else {})


def refuse_unready(settings: Settings) -> None:
    """Looks at all that a session needs and that can be looked at without a JVM, unless there is one.

    Raises:
        Terminal: Java or a jar is missing, or the reader does not suit the cluster.
        Transient: Nobody listens at the cluster's address.
    """
    _refuse_unreachable_staging(settings)
    if running() is None:
        for look in needs(settings).values():
            look()


def spark(settings: Settings) -> SparkSession:
    """The process's Spark session, started on first use.

    Raises:
        Terminal: Java or a jar is missing, the reader does not suit the cluster, or another's Spark is unfit.
        Transient: Nobody listens at the cluster's address.
    """
    _refuse_unreachable_staging(settings)
    with STARTING:  # whoever comes meanwhile waits, and does not verify the jars once more
        return running() or _started(settings)


def start_beside(settings: Settings) -> None:
    """Begins to start Spark beside what the caller does next; whoever needs the session waits for it."""

    def begin() -> None:
        with suppress(PipelineError):  # the first to need the session meets the same
            spark(settings)

    if running() is None:
        threading.Thread(target=begin, daemon=True).start()


def _started(settings: Settings) -> SparkSession:
    starter = _starter(settings)
    try:
        session = starter()
    except (RuntimeError, OSError) as error:
        raise Terminal(f"Spark did not start ({type(error).__name__}); `lakehouse check` tells more") from error
    gc.set_threshold(*GARBAGE)
    try:
        if settings.spark.master == PLATFORM:
            floor.refuse_unfit(session, is_s3=settings.is_on_s3)
        if _is_connect(settings):
            connect.refuse_unfit(session, _static(settings))
        if not settings.spark.master.startswith("local"):
            floor.refuse_lacking(session, is_s3=settings.is_on_s3)
    except Exception:
        session.stop()  # or the next to ask would be given it
        raise
    return session


def _starter(settings: Settings) -> Callable[[], SparkSession]:
    """Of the session, once all that can be looked at without a JVM was looked at."""
    if _is_connect(settings):
        connect.refuse_absent(settings.spark.master)
        return partial(connect.session, settings.spark.master, CONFS)
    is_platform = settings.spark.master == PLATFORM
    builder = SparkSession.builder.appName("lakehouse") if is_platform else _own(settings)
    for name, value in {**_static(settings), **STARTED, **CONFS}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate


def _static(settings: Settings) -> dict[str, str]:
    return STATIC | (s3.hadoop_options(settings.lake_kms_key) if settings.is_on_s3 else {})


def _is_connect(settings: Settings) -> bool:
    return settings.spark.master.startswith(connect.SCHEME)


def _jars(settings: Settings) -> Path:
    return settings.jars or jars.default_folder()


def _own(settings: Settings) -> SparkSession.Builder:
    """A session in a JVM of this process, with our jars and flags; its executors may be those of a cluster."""
    if "://" in settings.spark.master:
        cluster.refuse_absent(settings.spark.master)
    os.environ["JAVA_HOME"] = str(jars.find_java().parents[1])
    is_local = settings.spark.master.startswith("local")
    if is_local:
        os.environ["PYSPARK_PYTHON"] = sys.executable  # what hides personal values runs in Python beside the JVM
    folder = _jars(settings)
    path = os.pathsep.join(str(jar) for jar in jars.class_path(folder))
    builder = (
        SparkSession.builder.appName("lakehouse")
        .master(settings.spark.master)
        .config("spark.driver.memory", settings.spark.driver_memory)
        .config("spark.driver.extraClassPath", path)
        .config("spark.executor.extraClassPath", path)
        .config("spark.driver.extraJavaOptions", f"{JVM_FLAGS} {_log_options()} {_kept_classes(folder)}")
        .config("spark.log.level", "ERROR")
    )
    for name, value in {**OWN, **(LOOPBACK if is_local else {})}.items():
        builder = builder.config(name, value)
    return builder


def _refuse_unreachable_staging(settings: Settings) -> None:
    """On a cluster, executors cannot read the worker's disk, where the default reader stages."""
    chosen = settings.spark
    if not chosen.master.startswith("local") and chosen.reader == "connectorx" and settings.staging is None:
        raise Terminal(
            f"Spark runs at {chosen.master}, whose executors cannot read what the worker stages: set "
            "LAKEHOUSE_SPARK__READER=jdbc, or LAKEHOUSE_STAGING to a folder that all of them share"
        )


def child(settings: Settings) -> SparkSession:
    """A session of its own confs on the same Spark, for one table or mart at a time."""
    first = spark(settings)
    return connect.session(settings.spark.master, CONFS) if _is_connect(settings) else first.newSession()


def running() -> SparkSession | None:
    """The session, if this process has started one, on whatever thread."""
    try:
        return SparkSession.active()
    except PySparkRuntimeError:
        return None


def archive(folder: Path) -> Path:
    """Where Java's archive of loaded classes stands, if it was made: it belongs to one Java and one class path."""
    return folder / "lakehouse.jsa"


def _kept_classes(folder: Path) -> str:
    return f"-XX:SharedArchiveFile={archive(folder)}" if archive(folder).exists() else ""


def _log_options() -> str:
    return f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"


def stop_jobs() -> None:
    """Cancels what Spark is doing, and ends a Spark of ours that still starts, so that a canceled run ends now."""
    active = running()
    if is_remote():
        for opened in connect.opened():
            opened.interruptAll()
    elif active is not None:
        active.sparkContext.cancelAllJobs()
    else:
        for starting in filter(_is_spark, psutil.Process().children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                starting.kill()


def _is_spark(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "org.apache.spark.deploy.SparkSubmit" in process.cmdline()
    return False
