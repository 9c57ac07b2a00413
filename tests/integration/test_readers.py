"""Both readers bring the same values: the worker's own, and that of a cluster's executors."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from demo.servers.mariadb import MariaDb
from lakehouse import arrival, session
from lakehouse.contracts import Table, Transient
from lakehouse.settings import Settings, SparkSettings
from lakehouse.source import jdbc
from tests.support.lab import lab
from tests.support.things import STAMPED, STAMPED_DDL
from tests.support.zoo import EVERYTHING, ROWS, statements


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return session.spark(Settings(lake=str(tmp_path_factory.mktemp("lake"))))


def rows(spark: SparkSession, settings: Settings, table: Table, tail: str | None) -> list[tuple]:
    """All rows as a reader brings them, with the hash of each, in order."""
    with arrival.arrived(spark, settings, table, "TRUE", tail) as arrived:
        return sorted(tuple(row) for row in arrived.frame.select("id", "_hash").collect())


@pytest.mark.parametrize("tail", [None, "FALSE"], ids=["plain", "with the trailer"])
@pytest.mark.fault("F14")
def test_both_readers_bring_the_same_value_of_every_type(
    source_server: MariaDb, spark: SparkSession, tmp_path: Path, tail: str | None
) -> None:
    with lab(source_server, str(tmp_path), EVERYTHING, "DO 1") as world:
        world.sql("SET sql_mode = ''", *statements())
        by_executors = world.settings.model_copy(update={"spark": SparkSettings(reader="jdbc")})

        found = rows(spark, by_executors, EVERYTHING, tail)

        assert len(found) == ROWS
        assert found == rows(spark, world.settings, EVERYTHING, tail)


def test_a_load_is_cut_into_key_ranges_that_are_read_side_by_side(
    source_server: MariaDb,
    spark: SparkSession,
    tmp_path: Path,
) -> None:
    with lab(source_server, str(tmp_path), STAMPED, STAMPED_DDL, chunk_rows=1000) as world:
        world.sql("INSERT INTO thing (id, value) SELECT seq * 7, seq FROM seq_1_to_900")

        frame, _, _ = jdbc.read(spark, world.settings, STAMPED, "`id` > 70", None)

        assert frame.rdd.getNumPartitions() == 8
        assert frame.count() == frame.distinct().count() == 890


def test_the_pipeline_keeps_its_promises_with_the_readers_of_a_cluster(source_server: MariaDb, tmp_path: Path) -> None:
    with lab(
        source_server, str(tmp_path / "lake"), STAMPED, STAMPED_DDL, chunk_rows=1000,
        spark=SparkSettings(reader="jdbc"),
    ) as world:  # fmt: skip
        world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_1500")
        world.run()
        assert world.holds_the_source()
        world.sql("UPDATE thing SET value = -1 WHERE id < 10", "DELETE FROM thing WHERE id = 11")
        world.run("reconcile")
        assert world.holds_the_source()
        assert not (tmp_path / "lake" / "_staging").exists(), "the executors keep what they read"


def test_a_connection_that_the_executors_lose_is_a_retry(
    source_server: MariaDb,
    spark: SparkSession,
    tmp_path: Path,
) -> None:
    with lab(source_server, str(tmp_path), STAMPED, STAMPED_DDL) as world:
        world.sql("INSERT INTO thing (id, value) VALUES (1, 1)")
        kill = "`id` = 1 AND (SELECT SLEEP(0)) = 0 AND EXISTS (SELECT 1 FROM nowhere)"

        with pytest.raises(Transient, match=r"the executors' read broke off .*; it is safe to run again"):
            jdbc.read(spark, world.settings, STAMPED, kill, "FALSE")
