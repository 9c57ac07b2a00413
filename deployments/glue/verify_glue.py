"""`--verify true`: proves on a real Glue or EMR what no test here can; writes below `_verify` of the lake only."""

from __future__ import annotations

import hashlib
import hmac
import logging
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyspark
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse import floor, session
from lakehouse.contracts import Catalog, Terminal
from lakehouse.lake import Lake
from lakehouse.pseudonyms import hashed
from lakehouse.settings import Settings
from lakehouse.source import jdbc
from lakehouse.source.connection import connect, rows
from lakehouse.warehouse import engines
from lakehouse.warehouse import release as releases

LOG = logging.getLogger(__name__)
FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Place:
    """Where all is tried: a folder of its own in the lake."""

    settings: Settings
    catalog: Catalog
    spark: SparkSession
    name: str

    @property
    def lake(self) -> Lake:
        """The lake."""
        return Lake.of(self.settings)

    def path(self, name: str) -> str:
        """An address in the folder."""
        return f"{self.lake.root}/{self.name}/{name}"

    @property
    def jvm(self) -> Any:
        """Spark's Java."""
        return self.spark._jvm

    @property
    def configuration(self) -> Any:
        """Hadoop's configuration."""
        return self.spark._jsc.hadoopConfiguration()


def verify(settings: Settings, catalog: Catalog) -> None:
    """Tries everything, tells each outcome, and fails where one is not as the product needs it.

    Raises:
        Terminal: Names what is otherwise.
    """
    checks: dict[str, Callable[[Place], None]] = {
        "an object is created only where there is none, by the log store": _log_store,
        "an object is created only where there is none, by boto3": _objects,
        "a table that delta-rs writes is merged into by Spark, and delta-rs reads it": _both,
        "the Python of the executors hides values, if there is a need to": _executors,
        "the source answers the driver, its certificate verified as the settings say": _source,
        "the source answers the executors": _source_of_executors,
        "the warehouse answers": _warehouse,
    }
    with _place(settings, catalog) as place:
        for line in _versions(place):
            LOG.info(line)
        problems = [f"{what}: {problem}" for what, check in checks.items() if (problem := _tried(what, check, place))]
    if problems:
        raise Terminal("; ".join(problems))


def _tried(what: str, check: Callable[[Place], None], place: Place) -> str:
    try:
        check(place)
    except Exception as error:
        problem = " ".join(str(error).split())[:300] or "it is otherwise"
        LOG.warning("NO   %s: %s", what, problem)
        return problem
    LOG.info("yes  %s", what)
    return ""


@contextmanager
def _place(settings: Settings, catalog: Catalog) -> Iterator[Place]:
    place = Place(settings, catalog, session.spark(settings), f"_verify/{uuid.uuid4().hex[:12]}")
    try:
        yield place
    finally:
        root = place.jvm.org.apache.hadoop.fs.Path(Lake.for_spark(place.path("")))
        root.getFileSystem(place.configuration).delete(root, True)


def _versions(place: Place) -> Iterator[str]:
    java = place.jvm
    asked: dict[str, Callable[[], object]] = {
        "Hadoop": java.org.apache.hadoop.util.VersionInfo.getVersion,
        "Java": lambda: java.java.lang.System.getProperty("java.version"),
        "Delta": lambda: getattr(java.io.delta, "package").VERSION(),  # noqa: B009
    }
    yield f"Spark {place.spark.version}, pyspark {pyspark.__version__}, Python {platform.python_version()}"
    for what, version in asked.items():
        try:
            yield f"{what} {version()}"
        except Exception as error:
            yield f"{what} does not tell its version ({type(error).__name__})"
    for scheme in ("s3", "s3a"):
        yield f"{scheme}:// is served by {floor.file_system(place.spark, scheme)}"


def _log_store(place: Place) -> None:
    store = place.jvm.lakehouse.logstore.ConditionalLogStore(place.configuration)
    path = place.jvm.org.apache.hadoop.fs.Path(Lake.for_spark(place.path("entry.json")))

    def write(text: str) -> None:
        store.write(path, place.jvm.java.util.Collections.singletonList(text).iterator(), False, place.configuration)

    write(FIRST)
    write(FIRST)  # its own entry, whose answer was lost, is found to be there
    try:
        write(SECOND)
    except Exception as error:
        assert "FileAlreadyExistsException" in str(error), str(error)
    else:
        raise AssertionError("an entry was written over: commits would be lost")
    assert place.lake.get(f"{place.name}/entry.json") == f"{FIRST}\n".encode()


def _objects(place: Place) -> None:
    name = f"{place.name}/object"
    assert place.lake.put(name, FIRST.encode(), over=False)
    assert not place.lake.put(name, SECOND.encode(), over=False), "an object was written over"
    assert place.lake.get(name) == FIRST.encode()


def _both(place: Place) -> None:
    path, options = place.path("table"), place.lake.storage_options()
    write_deltalake(path, pa.table({"id": [1, 2], "text": ["a", "b"]}), storage_options=options)
    place.spark.sql("SELECT 2L AS id, 'B' AS text UNION ALL SELECT 3L, 'c'").createOrReplaceTempView("verify_new")
    place.spark.sql(
        f"MERGE INTO delta.`{Lake.for_spark(path)}` AS old USING verify_new AS new ON old.id = new.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    found = DeltaTable(path, storage_options=options).to_pyarrow_table().sort_by("id").to_pydict()
    assert found == {"id": [1, 2, 3], "text": ["a", "B", "c"]}, f"there are {found}"


def _executors(place: Place) -> None:
    key = "a key to verify with"
    (found,) = place.spark.range(1).select(hashed(key, F.col("id").cast("string"), number=False)).first() or ("",)
    assert found == hmac.new(key.encode(), b"0", hashlib.sha256).hexdigest(), "the hash is another"


def _source(place: Place) -> None:
    with connect(place.settings.source) as connection:
        assert rows(connection, "SELECT 1") == [(1,)]


def _source_of_executors(place: Place) -> None:
    table = next(iter(place.catalog.tables.values())).table
    read, _, _ = jdbc.read(place.spark, place.settings, table, "1 = 0", None)
    assert read.count() == 0


def _warehouse(place: Place) -> None:
    with engines.engine(place.settings.warehouse) as engine:
        releases.serving(engine)
