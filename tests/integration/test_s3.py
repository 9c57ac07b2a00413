"""A lake on an S3 endpoint: the same pipeline, in a process of its own because a JVM keeps its first S3 settings."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir

import pytest

from demo.servers import s3
from demo.servers.mariadb import MariaDb
from demo.servers.s3 import S3Server
from lakehouse.contracts import Terminal, Transient
from lakehouse.lake import Lake
from tests.support.lab import lab
from tests.support.things import STAMPED, STAMPED_DDL

CLONE = Path(__file__).parents[2]
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def play(server: MariaDb) -> dict[str, object]:
    """Two runs of one table against the lake on S3; tells what was seen."""
    with lab(server, "s3://lake/some/prefix", STAMPED, STAMPED_DDL, lake_kms_key=KEY) as world:
        world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_500")
        world.run()
        first = world.holds_the_source()
        world.sql("UPDATE thing SET value = -1 WHERE id < 10", "DELETE FROM thing WHERE id = 11")
        found = world.run("reconcile")
        return {
            "first": first, "second": world.holds_the_source(), "deleted": found.deleted, "idle": world.run() is None,
            "watermark": world.state.watermark,
        }  # fmt: skip


@pytest.fixture(scope="module")
def seen(source_server: MariaDb, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("worker")
    task = asdict(source_server)
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(task),
        env={**os.environ, **s3_server.environment(), "PYTHONPATH": str(CLONE), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_pipeline_keeps_its_promises_on_s3(seen: dict[str, object]) -> None:
    assert (seen["first"], seen["second"], seen["deleted"], seen["idle"]) == (True, True, 1, True)
    assert seen["watermark"]


def test_every_object_of_the_lake_is_encrypted_with_the_key_of_the_settings(
    seen: dict[str, object], s3_server: S3Server
) -> None:
    client = s3.client(s3_server)
    objects = client.list_objects_v2(Bucket="lake", Prefix="some/prefix/")["Contents"]
    heads = {entry["Key"]: client.head_object(Bucket="lake", Key=entry["Key"]) for entry in objects}

    files = {key: head for key, head in heads.items() if head["ContentLength"]}
    assert any(key.endswith(".parquet") for key in files)
    assert any("_delta_log" in key for key in files)
    assert {head.get("SSEKMSKeyId") for head in files.values()} == {KEY}


def test_nothing_is_left_on_the_disk_of_the_worker(seen: dict[str, object]) -> None:
    assert seen["staged"] == []


@pytest.fixture
def endpoint(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server


def test_a_bucket_that_is_not_there_is_told(endpoint: S3Server) -> None:
    with pytest.raises(Terminal, match=r"s3://nowhere/x is not writable \(NoSuchBucket\); check LAKEHOUSE_LAKE"):
        Lake("s3://nowhere/x").check_writable()
    Lake("s3://lake/x").check_writable()


def test_an_endpoint_that_does_not_answer_is_told(endpoint: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with pytest.raises(Transient, match="S3 does not answer"):
        Lake("s3://lake/x").check_writable()


def main() -> None:
    found = play(MariaDb(**json.loads(sys.stdin.read())))
    staged = Path(gettempdir()) / "lakehouse-staging"
    found["staged"] = [str(path) for path in staged.rglob("*") if path.is_file()]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
