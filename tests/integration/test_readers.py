"""Both readers bring the same values: the worker's own, and that of a cluster's executors."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pydantic import SecretStr
from pyspark.sql import SparkSession

from demo.servers.mariadb import MariaDb
from lakehouse import arrival, session
from lakehouse.contracts import Column, Table, Terminal, Transient
from lakehouse.settings import Settings, SparkSettings
from lakehouse.source import jdbc
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL
from tests.support.zoo import EVERYTHING, ROWS, statements


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return session.spark(Settings(lake=str(tmp_path_factory.mktemp("lake"))))


def rows(spark: SparkSession, settings: Settings, table: Table, tail: str | None) -> list[tuple]:
    """All rows as a reader brings them, with the hash of each, in order."""
    with arrival.arrived(lambda: spark, settings, table, "TRUE", tail) as arrived:
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


@pytest.fixture
def kept(source_server: MariaDb, tmp_path: Path) -> Iterator[Settings]:
    """Rows in the source, which executors read and keep."""
    with lab(source_server, str(tmp_path), STAMPED, STAMPED_DDL, spark=SparkSettings(reader="jdbc")) as world:
        world.sql("INSERT INTO thing (id, value) VALUES (1, 1), (2, 2)")
        yield world.settings


def lose_what_is_kept(spark: SparkSession) -> None:
    """As it is when an executor is lost."""
    for rows in spark.sparkContext._jsc.getPersistentRDDs().values():
        rows.unpersist(True)


def test_rows_that_an_executor_took_with_it_are_a_retry(spark: SparkSession, kept: Settings) -> None:
    with (
        pytest.raises(Transient, match=r"^thing: an executor was lost, and with it rows that it had read; "),
        arrival.arrived(lambda: spark, kept, STAMPED, "TRUE", "FALSE") as arrived,
    ):
        lose_what_is_kept(spark)
        arrived.frame.count()


def test_untold_their_loss_is_an_error_of_sparks(spark: SparkSession, kept: Settings) -> None:
    frame, _, _ = jdbc.read(spark, kept, STAMPED, "TRUE", "FALSE")
    lose_what_is_kept(spark)

    with pytest.raises(Py4JJavaError, match=jdbc.GONE):
        frame.count()


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


@pytest.fixture
def small(source_server: MariaDb, tmp_path: Path) -> Iterator[Lab]:
    """Thirty rows, read by executors."""
    jdbc_reader = SparkSettings(reader="jdbc")
    with lab(source_server, str(tmp_path), STAMPED, STAMPED_DDL, spark=jdbc_reader) as world:
        world.sql("INSERT INTO thing (id, value) SELECT seq, seq * 10000 FROM seq_1_to_30")
        yield world


SLOW = "`id` > 0 AND SLEEP(0.1) = 0"


def at_work(world: Lab, *, kill: bool = False) -> list[int]:
    """The reader's threads at the source that run a statement."""
    with world.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'lakehouse' AND COMMAND = 'Query'")
        threads = [thread for (thread,) in cursor.fetchall()]
        for thread in threads if kill else []:
            cursor.execute(f"KILL {thread}")
        return threads


def test_a_connection_that_the_executors_lose_is_a_retry(spark: SparkSession, small: Lab) -> None:
    killing = threading.Timer(2, at_work, [small], {"kill": True})
    killing.start()

    with pytest.raises(Transient, match=r"the executors' read broke off .*; it is safe to run again"):
        jdbc.read(spark, small.settings, STAMPED, SLOW, "FALSE")
    killing.join()


def with_source(world: Lab, **more: object) -> Settings:
    return world.settings.model_copy(update={"source": world.settings.source.model_copy(update=more)})


def test_a_read_beyond_its_deadline_is_ended_here_and_at_the_source(spark: SparkSession, small: Lab) -> None:
    hasty, began = with_source(small, read_deadline_seconds=2), time.monotonic()

    with pytest.raises(Transient, match=r"not done after 2 s; ended.* raise LAKEHOUSE_SOURCE__READ_DEADLINE_SECONDS"):
        jdbc.read(spark, hasty, STAMPED, SLOW, "FALSE")

    assert time.monotonic() - began < 8
    time.sleep(1)
    assert at_work(small) == []
    assert jdbc.read(spark, small.settings, STAMPED, SLOW, "FALSE")[0].count() == 30, "in time it is read"


@pytest.mark.parametrize(
    ("more", "where", "said"),
    [
        ({"password": SecretStr("wrong")}, "TRUE", "refused user lakehouse"),
        ({}, "EXISTS (SELECT 1 FROM nowhere)", "table does not exist"),
        ({}, "`id` = 1 AND `nothing` = 1", "column does not exist"),
        ({"user": "poor", "password": SecretStr("p00r-secret")}, "TRUE", "refused user poor"),
    ],
    ids=["password", "table", "column", "permission"],
)
def test_what_the_source_refuses_to_executors_is_not_tried_again(
    spark: SparkSession, small: Lab, more: dict[str, object], where: str, said: str
) -> None:
    database = small.settings.source.database
    small.sql(
        "CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'p00r-secret'",
        f"GRANT SELECT (id), INSERT ON `{database}`.thing TO poor@'%'",
    )
    with pytest.raises(Terminal, match=said) as found:
        jdbc.read(spark, with_source(small, **more), STAMPED, where, "FALSE")
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("tail", [None, "FALSE"], ids=["plain", "with the trailer"])
def test_a_value_beyond_its_declared_type_is_refused_by_column_while_it_is_read(
    spark: SparkSession, small: Lab, tail: str | None
) -> None:
    columns = tuple(replace(c, type="SMALLINT") if c.name == "value" else c for c in STAMPED.columns)
    narrow = replace(STAMPED, columns=columns)

    with pytest.raises(Terminal, match="table thing: a value of value does not fit SMALLINT; declare the type"):
        jdbc.read(spark, small.settings, narrow, "TRUE", tail)
    assert jdbc.read(spark, small.settings, narrow, "`id` < 4", tail)[0].count() == 3


def test_a_date_that_does_not_exist_is_refused_by_column_by_executors_too(spark: SparkSession, small: Lab) -> None:
    small.sql("SET sql_mode = ''", "ALTER TABLE thing ADD born DATE", "UPDATE thing SET born = '0000-00-00'")
    dated = replace(STAMPED, columns=(*STAMPED.columns, Column("born", "DATE")))

    with pytest.raises(Terminal, match="30 rows hold a date that does not exist in born"):
        jdbc.read(spark, small.settings, dated, "TRUE", "FALSE")
