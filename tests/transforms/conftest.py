"""One plain Spark session, and small worlds written as tables of text."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.transforms.worlds import World

# The quick compiler alone has 48 MB for its code; when they are full, after some minutes, nothing is compiled any more.
JVM = "-Duser.timezone=UTC -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    """No jar and no lake: the transforms know frames only."""
    folder: Path = tmp_path_factory.mktemp("warehouse")
    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", str(folder))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraJavaOptions", JVM)
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .getOrCreate()
    )


@pytest.fixture
def world(spark: SparkSession) -> World:
    """An empty marketplace."""
    return World(spark)
