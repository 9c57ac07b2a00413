"""Time zones of the worker, the JVM and the server change nothing (F15)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import delta, session
from lakehouse.contracts import Column, Cursor, Table
from lakehouse.lake import Lake
from lakehouse.source import reader
from tests.support.lab import Lab, lab

CLONE = Path(__file__).parents[2]
MOMENTS = Table(
    "moments", ("id",), Cursor("updated_at", timedelta(0)),
    (
        Column("id", "INT"), Column("at", "TIMESTAMP(6)"), Column("day", "DATE"), Column("wall", "DATETIME(6)"),
        Column("updated_at", "TIMESTAMP(6)"),
    ),
)  # fmt: skip
DDL = """CREATE TABLE moments (id INT PRIMARY KEY, at TIMESTAMP(6) NULL, day DATE, wall DATETIME(6),
  updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6), KEY (updated_at))"""
ROWS = (
    ("2024-11-03 05:30:00.000001", "2024-02-29", "2024-11-03 01:30:00.000000"),  # the hour that New York has twice
    ("2024-11-03 06:30:00.000001", "2024-02-29", "2024-11-03 01:30:00.000000"),
    ("2024-03-10 07:30:00.000000", "2024-03-10", "2024-03-10 02:30:00.000000"),  # the hour that it does not have
    ("1970-01-01 00:00:01.000000", "1000-01-01", "1000-01-01 00:00:00.000001"),
    ("2038-01-19 03:14:07.999999", "9999-12-31", "9999-12-31 23:59:59.999999"),
)
VALUES = ", ".join(f"({i}, '{at}', '{day}', '{wall}')" for i, (at, day, wall) in enumerate(ROWS))
EXPECTED = [[i, at, day, wall] for i, (at, day, wall) in enumerate(ROWS)]
ZONES = {
    "UTC": ("UTC", "SYSTEM"),
    "worker and JVM in New York": ("America/New_York", "SYSTEM"),
    "worker in Kolkata, server five hours west": ("Asia/Kolkata", "-05:00"),
}


@contextmanager
def server_in(world: Lab, zone: str) -> Iterator[None]:
    world.sql(f"SET GLOBAL time_zone = '{zone}'")
    try:
        yield
    finally:
        world.sql("SET GLOBAL time_zone = 'SYSTEM'")


@pytest.mark.long
@pytest.mark.fault("F15")
@pytest.mark.parametrize("zones", ZONES.values(), ids=ZONES)
def test_a_run_in_any_zone_brings_the_same_moments(
    source_server: MariaDb, tmp_path: Path, zones: tuple[str, str]
) -> None:
    worker, server = zones
    done = subprocess.run(
        [sys.executable, "-m", __name__, server, str(tmp_path / "lake")],
        input=json.dumps(asdict(source_server)),
        env={**os.environ, "PYTHONPATH": str(CLONE), "TZ": worker},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"zone": worker, "rows": EXPECTED}


@pytest.mark.fault("F15", control=True)
def test_in_a_session_that_is_not_pinned_moments_would_move_with_the_server(
    source_server: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PINS", ())
    with lab(source_server, str(tmp_path / "lake"), MOMENTS, DDL) as world:
        world.sql(f"INSERT INTO moments (id, at, day, wall) VALUES {VALUES}")
        with server_in(world, "-05:00"):
            found = reader.stage(world.settings.source, MOMENTS, "TRUE", str(tmp_path / "staged"))

    arrived = pq.read_table(f"{found.path}/{reader.FILE}").sort_by("id").column("at").to_pylist()
    assert f"{arrived[0]:%F %T}" == "2024-11-03 00:30:00"


@pytest.mark.long
@pytest.mark.fault("F15")
def test_moments_beyond_the_reach_of_nanoseconds_are_read_without_spark_too(
    source_server: MariaDb, tmp_path: Path
) -> None:
    with lab(source_server, str(tmp_path / "lake"), MOMENTS, DDL) as world:
        world.sql(f"INSERT INTO moments (id, at, day, wall) VALUES {VALUES}")
        world.run()

    table = Lake(world.settings.lake_root).open("bronze", "moments").to_pyarrow_table()
    assert [f"{wall:%F %T.%f}" for wall in table.sort_by("id").column("wall").to_pylist()] == [
        wall for _, _, wall in ROWS
    ]


def play(server: MariaDb, zone: str, lake: str) -> list[list[object]]:
    """A load and a window with the server in this zone; what bronze then holds, told in UTC."""
    with lab(server, lake, MOMENTS, DDL) as world, server_in(world, zone):
        world.sql("INSERT INTO moments (id) VALUES (99)")
        world.run()
        world.sql(f"INSERT INTO moments (id, at, day, wall) VALUES {VALUES}")
        world.run()
        spark, lake = session.spark(world.settings), Lake(world.settings.lake_root)
        everything = delta.read(spark, lake, "bronze", world.state, "moments")
        micro = "yyyy-MM-dd HH:mm:ss.SSSSSS"
        told = (
            everything.where("id <> 99")
            .orderBy("id")
            .selectExpr("id", f"date_format(at, '{micro}')", "CAST(day AS STRING)", f"date_format(wall, '{micro}')")
        )
        return [list(row) for row in told.collect()]


def main() -> None:
    zone, lake = sys.argv[1:]
    told = json.loads(sys.stdin.read())
    found = play(MariaDb(**told), zone, lake)
    sys.stdout.write(json.dumps({"zone": os.environ["TZ"], "rows": found}) + "\n")


if __name__ == "__main__":
    main()
