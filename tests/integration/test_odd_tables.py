"""Tables that are unlike others: odd names, a thousand columns, a value of 64 MB; read whole or refused by name."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pymysql
import pytest
from pyspark.sql import SparkSession

from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from lakehouse import bronze, session
from lakehouse.contracts import Column, Snapshot, Table, Terminal
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import ranges, reader
from lakehouse.source.connection import connect

BIG = 64 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A server that lets large values pass."""
    started = mariadb.start(tmp_path_factory.mktemp("large"), "--max-allowed-packet=256M")
    yield started
    started.stop()


@pytest.fixture
def source(server: MariaDb) -> SourceSettings:
    return SourceSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=mariadb.DATABASE,
        tls="off",
    )  # fmt: skip


def sql(server: MariaDb, *statements: str) -> None:
    with pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password, database=mariadb.DATABASE,
        autocommit=True,
    ) as root:  # fmt: skip
        for statement in statements:
            root.cursor().execute(statement)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return session.spark(Settings(lake=str(tmp_path_factory.mktemp("lake"))))


@pytest.mark.fault("F14", "F58")
def test_names_that_need_quoting_are_read_like_others(
    source: SourceSettings, server: MariaDb, spark: SparkSession, tmp_path: Path
) -> None:
    sql(
        server,
        """CREATE TABLE `we"ird.t` (`order` INT PRIMARY KEY, `a.b` INT, `we"ird` INT, `back``tick` INT, `per%s` INT)""",
        """INSERT INTO `we"ird.t` VALUES (1, 2, 3, 4, 5), (2, NULL, 30, 40, 50)""",
    )
    columns = (
        Column("order", "INT"), Column("a_b", "INT", source="a.b"), Column("weird", "INT", source='we"ird'),
        Column("tick", "INT", source="back`tick"), Column("per", "INT", source="per%s"),
    )  # fmt: skip
    table = Table("odd", ("order",), Snapshot(), columns, source='we"ird.t')

    found = reader.stage(source, table, "TRUE", str(tmp_path), "FALSE")
    with connect(source) as connection:
        cuts = ranges.bounds(connection, table, 1)
        summed = ranges.sums(connection, table, cuts, None)

    rows = pq.read_table(f"{found.path}/{reader.FILE}").to_pylist()
    assert rows[0] == {"order": 1, "a_b": 2, "weird": 3, "tick": 4, "per": 5}
    assert bronze.checksum(bronze.staged(spark, table, found.path)) == found.proof
    assert sum(r.checksum.rows for r in summed) == 2


@pytest.mark.parametrize("name", ["a.b", 'we"ird', "_seq", "a b", ""])
def test_a_name_that_the_lake_cannot_have_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(Terminal, match=r"cannot be a name in the lake; choose .* give the source's as `source=`"):
        Table("t", ("id",), Snapshot(), (Column("id", "INT"), Column(name, "INT")))


@pytest.mark.fault("F58")
def test_a_thousand_columns_arrive_and_are_proven(
    source: SourceSettings, server: MariaDb, spark: SparkSession, tmp_path: Path
) -> None:
    names = [f"c{i}" for i in range(1, 1000)]
    sql(
        server,
        f"CREATE TABLE wide (id INT PRIMARY KEY, {', '.join(f'{n} INT' for n in names)})",
        f"INSERT INTO wide VALUES (0, {', '.join(map(str, range(1, 1000)))}), (1{', NULL' * 999})",
    )
    table = Table("wide", ("id",), Snapshot(), (Column("id", "INT"), *[Column(n, "INT") for n in names]))

    found = reader.stage(source, table, "TRUE", str(tmp_path), "FALSE")

    assert pq.read_table(f"{found.path}/{reader.FILE}").num_columns == 1000
    assert bronze.checksum(bronze.staged(spark, table, found.path)) == found.proof


@pytest.mark.fault("F20")
def test_a_value_of_64_megabytes_arrives_and_is_proven_within_the_memory_of_the_reader(
    source: SourceSettings, server: MariaDb, tmp_path: Path
) -> None:
    sql(
        server,
        "CREATE TABLE large (id INT PRIMARY KEY, body LONGBLOB)",
        f"INSERT INTO large VALUES (1, REPEAT('x', {BIG}))",
    )
    table = Table("large", ("id",), Snapshot(), (Column("id", "INT"), Column("body", "LONGBLOB")))

    found = reader.stage(source, table, "TRUE", str(tmp_path), "FALSE")

    (value,) = pq.read_table(f"{found.path}/{reader.FILE}").column("body").to_pylist()
    assert len(value) == BIG
    assert found.proof is not None
    assert found.proof.rows == 1
    with connect(source) as connection:
        assert ranges.where_sum(connection, table, "TRUE") == found.proof


@pytest.mark.fault("F20")
def test_a_value_beyond_what_the_source_sends_is_an_error_that_says_so(
    source: SourceSettings, server: MariaDb, tmp_path: Path
) -> None:
    small = source.model_copy(update={"reader_memory_mb": 128})
    sql(server, "CREATE OR REPLACE TABLE large (id INT PRIMARY KEY, body LONGBLOB)")
    sql(server, f"INSERT INTO large SELECT seq, REPEAT('x', {BIG}) FROM seq_1_to_3")
    table = Table("large", ("id",), Snapshot(), (Column("id", "INT"), Column("body", "LONGBLOB")))

    with pytest.raises(Terminal, match="needs more than 128 MB; raise LAKEHOUSE_SOURCE__READER_MEMORY_MB"):
        reader.stage(small, table, "SLEEP(0.5) = 0", str(tmp_path))
