"""Two Spark drivers append to one table on S3 at the same time (F51): with our log store none loses a commit."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from demo.servers.s3 import S3Server
from lakehouse import delta, session
from lakehouse.lake import Lake, State
from lakehouse.settings import Settings

pytestmark = pytest.mark.long
CLONE = Path(__file__).parents[2]
DELTAS_OWN = "io.delta.storage.S3SingleDriverLogStore"
APPENDS = 25
CLAIMS = 12
TICK_SECONDS = 2.5  # both start each append at once


def append(lake: str, name: str, store: str) -> int:
    """Appends single rows; returns how often Spark reported success."""
    spark, start = ready(lake, store), time.time()
    done = 0
    for number in range(APPENDS):
        time.sleep(max(0.0, start + number * TICK_SECONDS - time.time()))
        spark.createDataFrame([(f"{name}{number}",)], "who string").write.format("delta").mode("append").save(
            lake.replace("s3://", "s3a://") + "/race"
        )
        done += 1
    return done


def claim(lake: str, name: str) -> list[int]:
    """Tries to be the one to commit each sequence number of a bronze table; returns those that were won."""
    spark, where, won = ready(lake, session.LOG_STORE), Lake(lake), []
    for seq in range(2, CLAIMS + 2):
        frame = spark.createDataFrame([(f"{name}{seq}",)], "who string")
        state = State("bronze/claimed", seq, name, "load")
        try:
            delta.commit(where, "bronze", "claimed", state, spark, delta.append(frame))
            won.append(seq)
        except delta.Superseded:
            pass
    return won


def ready(lake: str, store: str) -> SparkSession:
    """A warm session that waits for the other driver."""
    session.STATIC["spark.delta.logStore.s3a.impl"] = store
    spark = session.spark(Settings(lake=lake))
    spark.createDataFrame([(1,)], "n int").write.format("delta").mode("overwrite").save(
        lake.replace("s3://", "s3a://") + f"/warm{os.getpid()}"
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    return spark


def race(server: S3Server, what: str, lake: str, store: str = session.LOG_STORE) -> list:
    """Both drivers' answers."""
    drivers = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, what, lake, name, store],
            env={**os.environ, **server.environment(), "PYTHONPATH": str(CLONE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    assert [driver.stdout.readline() for driver in drivers] == ["ready\n", "ready\n"]
    for driver in drivers:
        driver.stdin.write("go\n")
        driver.stdin.flush()
    return [json.loads(driver.communicate(timeout=400)[0].splitlines()[-1]) for driver in drivers]


def rows(server: S3Server, path: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    table = Lake(path.rpartition("/")[0]).storage_options()
    return DeltaTable(path, storage_options=table).to_pyarrow_table().column("who").to_pylist()


def seeded(server: S3Server, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty table, so that the race is for appends and not for making it."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    empty = pa.table({"who": pa.array([], pa.string())})
    write_deltalake(path, empty, storage_options=Lake("s3://lake").storage_options())


@pytest.mark.fault("F51")
def test_of_two_drivers_on_s3_no_append_is_lost(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded(s3_server, "s3://lake/ours/race", monkeypatch)

    successes = race(s3_server, "append", "s3://lake/ours")

    assert successes == [APPENDS, APPENDS]
    found = rows(s3_server, "s3://lake/ours/race", monkeypatch)
    assert sorted(found) == sorted(f"{name}{n}" for name in "ab" for n in range(APPENDS))


@pytest.mark.fault("F51", control=True)
def test_with_deltas_own_store_appends_are_lost_though_success_is_reported(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(s3_server, "s3://lake/theirs/race", monkeypatch)

    successes = race(s3_server, "append", "s3://lake/theirs", DELTAS_OWN)

    assert len(rows(s3_server, "s3://lake/theirs/race", monkeypatch)) < sum(successes)


@pytest.mark.fault("F37", "F51")
def test_of_two_drivers_exactly_one_commits_each_sequence_number(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(s3_server, "s3://lake/claims/raw_data/claimed", monkeypatch)

    won = race(s3_server, "claim", "s3://lake/claims")

    assert sorted(won[0] + won[1]) == list(range(2, CLAIMS + 2))
    found = rows(s3_server, "s3://lake/claims/raw_data/claimed", monkeypatch)
    assert sorted(found) == sorted(f"{name}{seq}" for name, seqs in zip("ab", won, strict=True) for seq in seqs)


def main() -> None:
    what, lake, name, store = sys.argv[1:]
    answer = append(lake, name, store) if what == "append" else claim(lake, name)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
