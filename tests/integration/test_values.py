"""The value contract: what stands in the source arrives exactly, or is refused by name; never something near it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pymysql
import pytest
from pyspark.sql import SparkSession

from demo.servers.mariadb import MariaDb
from lakehouse import bronze, session
from lakehouse.checksum import Checksum
from lakehouse.contracts import Column, Dates, Snapshot, Table, Terminal, Transient
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import contract, ranges, reader, select
from lakehouse.source.connection import connect
from lakehouse.sqltypes import of, parse
from tests.support.zoo import EVERYTHING, ROWS, ZOO, declared, statements

DATABASE = "type_zoo"


@pytest.fixture(scope="module")
def source(source_server: MariaDb) -> Iterator[SourceSettings]:
    server = source_server
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        root.cursor().execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
    yield SourceSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=DATABASE, tls="off"
    )
    run(server, f"DROP DATABASE {DATABASE}")


def run(server: MariaDb, *statements: str, mode: str = "") -> None:
    with pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password, database=DATABASE,
        init_command=f"SET time_zone='+00:00', sql_mode='{mode}'", autocommit=True,
    ) as connection:  # fmt: skip
        for statement in statements:
            connection.cursor().execute(statement)


@pytest.fixture(scope="module")
def zoo(source: SourceSettings, source_server: MariaDb) -> SourceSettings:
    """One table with a column of every type: a row of each edge, and one of NULLs."""
    run(source_server, *statements())
    return source


def staged(source: SourceSettings, table: Table, folder: Path, tail: str | None = None) -> list[dict[str, object]]:
    found = reader.stage(source, table, "TRUE", str(folder), tail)
    return sorted(pq.read_table(f"{found.path}/{reader.FILE}").to_pylist(), key=lambda row: row["id"])


@pytest.mark.parametrize("tail", [None, "FALSE"], ids=["plain", "with the trailer"])
@pytest.mark.fault("F14")
def test_every_type_arrives_exactly_to_its_edges(zoo: SourceSettings, tmp_path: Path, tail: str | None) -> None:
    rows = staged(zoo, EVERYTHING, tmp_path, tail)

    arrived = {name: [row[name] for row in rows] for name in ZOO}
    assert arrived == {name: expected for name, (_, _, expected) in ZOO.items()}


@pytest.mark.fault("F14", control=True)
def test_without_its_form_a_fine_decimal_would_arrive_cut(
    zoo: SourceSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "of", lambda column: replace(of(column), form="{}"))
    table = Table("zoo", ("id",), Snapshot(), (Column("id", "INT"), declared("fine")))

    assert [row["fine"] for row in staged(zoo, table, tmp_path)] != ZOO["fine"][2]


def test_the_schema_of_the_source_fits_its_own_declaration(zoo: SourceSettings) -> None:
    with connect(zoo) as connection:
        assert contract.check(connection, EVERYTHING) == ()


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return session.spark(Settings(lake=str(tmp_path_factory.mktemp("lake"))))


def sums(source: SourceSettings, table: Table, spark: SparkSession, folder: Path) -> tuple[Checksum | None, Checksum]:
    """The checksum as the source counts it and as Spark does, of the same rows."""
    found = reader.stage(source, table, "TRUE", str(folder), "FALSE")
    return found.proof, bronze.checksum(bronze.staged(spark, table, found.path))


@pytest.mark.fault("F14")
def test_source_and_lake_agree_on_the_checksum_of_every_type(
    zoo: SourceSettings, spark: SparkSession, tmp_path: Path
) -> None:
    there, here = sums(zoo, EVERYTHING, spark, tmp_path)

    assert there == here
    assert here.rows == ROWS


@pytest.mark.parametrize("name", ZOO)
def test_a_change_in_any_column_changes_the_checksum(zoo: SourceSettings, source_server: MariaDb, name: str) -> None:
    with connect(zoo) as connection:
        before = ranges.where_sum(connection, EVERYTHING, "TRUE")
    run(source_server, f"UPDATE zoo a, zoo b SET a.{name} = b.{name} WHERE a.id = 0 AND b.id = 1")
    with connect(zoo) as connection:
        after = ranges.where_sum(connection, EVERYTHING, "TRUE")
    run(source_server, f"UPDATE zoo SET {name} = {ZOO[name][1][0]} WHERE id = 0")

    assert before != after


INVALID = ("0000-00-00", "2024-00-10", "2024-02-31")


@pytest.fixture(scope="module")
def invalid(source: SourceSettings, source_server: MariaDb) -> SourceSettings:
    rows = ", ".join(f"({i}, '{day}', '{day} 10:00:00')" for i, day in enumerate((*INVALID, "2024-02-29")))
    run(
        source_server,
        "CREATE TABLE invalid (id INT PRIMARY KEY, day DATE, at DATETIME)",
        f"INSERT INTO invalid VALUES {rows}",
        mode="ALLOW_INVALID_DATES",
    )
    return source


@pytest.mark.fault("F14")
def test_a_date_that_does_not_exist_is_refused_by_column_and_count(invalid: SourceSettings, tmp_path: Path) -> None:
    table = Table("invalid", ("id",), Snapshot(), (Column("id", "INT"), Column("day", "DATE")))

    with pytest.raises(Terminal, match=r"3 rows hold a date that does not exist in day; give the column a `spelling"):
        reader.stage(invalid, table, "TRUE", str(tmp_path))


@pytest.mark.fault("F14")
def test_a_date_that_does_not_exist_arrives_as_it_stands_where_a_spelling_is_declared(
    invalid: SourceSettings, spark: SparkSession, tmp_path: Path
) -> None:
    day = Column("day", "DATE", spelling=Dates(("yyyy-MM-dd",)), nulls=("0000-00-00",))
    at = Column("at", "TIMESTAMP", stored="DATETIME", spelling=Dates(("yyyy-MM-dd HH:mm:ss",)))
    table = Table("invalid", ("id",), Snapshot(), (Column("id", "INT"), day, at))

    rows = staged(invalid, table, tmp_path)
    there, here = sums(invalid, table, spark, tmp_path)

    assert [row["day"] for row in rows] == [*INVALID, "2024-02-29"]
    assert [row["at"] for row in rows] == [f"{day} 10:00:00" for day in (*INVALID, "2024-02-29")]
    assert there == here


@pytest.mark.parametrize("kind", ["GEOMETRY", "VECTOR(3)", "POINT"])
def test_a_type_without_an_exact_form_is_refused(kind: str) -> None:
    with pytest.raises(Terminal, match="has no exact form in the lake; leave the column out"):
        parse(kind)


def test_a_value_beyond_its_declared_type_is_refused_by_column(
    source: SourceSettings, source_server: MariaDb, tmp_path: Path
) -> None:
    run(source_server, "CREATE TABLE beyond (id INT PRIMARY KEY, n INT)", "INSERT INTO beyond VALUES (1, 70000)")
    table = Table("beyond", ("id",), Snapshot(), (Column("id", "INT"), Column("n", "SMALLINT")))

    with pytest.raises(Terminal, match="a value of n does not fit SMALLINT"):
        reader.stage(source, table, "TRUE", str(tmp_path))


@pytest.mark.parametrize(
    ("found", "said"),
    [("VARCHAR(10)", "narrower"), ("DECIMAL(10,2)", "declared"), ("TIMESTAMP(3)", "narrower"), ("BIGINT", "declared")],
)
@pytest.mark.fault("F13")
def test_a_narrowed_or_retyped_column_stops_the_table_by_name(
    source: SourceSettings, source_server: MariaDb, found: str, said: str
) -> None:
    now = {"VARCHAR(10)": "VARCHAR(20)", "DECIMAL(10,2)": "DECIMAL(12,2)", "TIMESTAMP(3)": "TIMESTAMP(6)"}
    run(source_server, f"CREATE OR REPLACE TABLE drifted (id INT PRIMARY KEY, c {found})")
    table = Table("drifted", ("id",), Snapshot(), (Column("id", "INT"), Column("c", now.get(found, "INT"))))

    with connect(source) as connection, pytest.raises(Terminal, match=rf"column drifted\.c is .*{said}"):
        contract.check(connection, table)


@pytest.mark.fault("F13")
def test_a_column_that_is_not_declared_is_reported_and_left_there(
    source: SourceSettings, source_server: MariaDb
) -> None:
    run(source_server, "CREATE TABLE grown (id INT PRIMARY KEY, fresh INT)")

    with connect(source) as connection:
        assert contract.check(connection, Table("grown", ("id",), Snapshot(), (Column("id", "INT"),))) == (
            "not declared, so left in the source: fresh",
        )


@pytest.mark.fault("F17", "F43")
def test_a_broken_off_read_is_an_error_and_never_a_short_read(
    source: SourceSettings, source_server: MariaDb, tmp_path: Path
) -> None:
    run(
        source_server,
        "CREATE TABLE long_one (id INT PRIMARY KEY, filler VARCHAR(200))",
        "INSERT INTO long_one SELECT seq, REPEAT('x', 200) FROM seq_1_to_200000",
    )
    table = Table("long_one", ("id",), Snapshot(), (Column("id", "INT"), Column("filler", "VARCHAR(200)")))
    slow = "id > 0 AND SLEEP(IF(id % 1000 = 0, 0.05, 0)) = 0"

    with killer(source_server), pytest.raises(Transient, match=r"broke off .*; it is safe to run again"):
        reader.stage(source, table, slow, str(tmp_path))
    with pytest.raises(Transient, match="sent nothing for 1 s; ended"):
        reader.stage(source.model_copy(update={"read_timeout_seconds": 1}), table, "SLEEP(9) = 0", str(tmp_path))
    assert running(source_server, "SLEEP(9)") == 0, "the statement goes on at the source"


def test_a_reader_that_grows_beyond_its_memory_is_ended(zoo: SourceSettings, tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="needs more than 20 MB; raise LAKEHOUSE_SOURCE__READER_MEMORY_MB"):
        reader.stage(zoo.model_copy(update={"reader_memory_mb": 20}), EVERYTHING, "SLEEP(2) = 0", str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT", "CAST(seq AS SIGNED) * 3 - 900"),
        ("BIGINT UNSIGNED", "18446744073709551615 - seq * 3"),
        ("DATE", "DATE '1999-12-01' + INTERVAL seq * 3 DAY"),
        ("DATETIME(6)", "TIMESTAMP '1999-12-31 23:59:59.999990' + INTERVAL seq * 3 MICROSECOND"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_every_row_falls_into_the_range_that_the_source_gives_it(
    source: SourceSettings,
    source_server: MariaDb,
    spark: SparkSession,
    tmp_path: Path,
    kind: str,
    value: str,
    size: int,
) -> None:
    table = Table("ranged", ("id",), Snapshot(), (Column("id", kind),))
    run(
        source_server,
        f"CREATE OR REPLACE TABLE ranged (id {kind} PRIMARY KEY)",
        f"INSERT INTO ranged SELECT {value} FROM seq_1_to_600",
    )
    found = reader.stage(source, table, "TRUE", str(tmp_path))
    rows = bronze.numbered(bronze.staged(spark, table, found.path))

    with connect(source) as connection:
        cuts = ranges.bounds(connection, table, size)
        there = ranges.sums(connection, table, cuts, None)

    assert len(there) == len(cuts) + 1
    assert bronze.range_sums(rows, table, cuts) == there


@contextmanager
def killer(server: MariaDb) -> Iterator[None]:
    """Kills the reader's connection once it reads."""

    def kill() -> None:
        with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
            cursor, end = root.cursor(), time.monotonic() + 20
            while time.monotonic() < end:
                cursor.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '/* lakehouse %'")
                found = cursor.fetchall()
                if found:
                    time.sleep(1)
                    cursor.execute(f"KILL {found[0][0]}")
                    return

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


def running(server: MariaDb, text: str) -> int:
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        cursor = root.cursor()
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND ID <> CONNECTION_ID()",
            (f"%{text}%",),
        )
        return cursor.fetchone()[0]
