"""An erasure of a lake on an S3 endpoint, in a process of its own because a JVM keeps its first S3 settings."""

import io
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from demo.servers import s3
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.s3 import S3Server
from tests.support.people import ANN, MAIL, NOTE, open_people

CLONE = Path(__file__).parents[2]
PREFIX = "people"


@dataclass(frozen=True)
class Warehouse:
    """A warehouse that another process has started."""

    address: str

    def url(self, *_: str) -> str:
        """Its address."""
        return self.address


def play(source: MariaDb, warehouse: Warehouse) -> dict[str, Any]:
    """Ann is loaded, at a pause for the test erased, and then there is a reconcile."""
    with open_people(source, warehouse, f"s3://lake/{PREFIX}") as world:
        world.run()
        before = world.totals()
        pause("loaded")
        receipt = world.erase()
        same, users = world.totals() == before, world.users()
        records = world.run("reconcile")
        return {
            "rows": {f"{line.layer} {line.name}": line.rows for line in receipt.lines}, "unclaimed": receipt.unclaimed,
            "totals": same and world.totals() == before, "ann": ANN in users | world.users(),
            "balanced": [r.balanced for r in records.values()], "again": len(world.erase().lines),
        }  # fmt: skip


def pause(said: str) -> None:
    """Tells the test, and waits until it answers."""
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


def everything(server: S3Server) -> str:
    """Each value of each Parquet file with its statistics, and each other object, as text."""
    client = s3.client(server)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=server.bucket, Prefix=f"{PREFIX}/")
    found = []
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        body = client.get_object(Bucket=server.bucket, Key=entry["Key"])["Body"].read()
        if entry["Key"].endswith(".parquet"):
            parquet = pq.ParquetFile(io.BytesIO(body))
            found += [str(parquet.read().to_pylist()), str(parquet.metadata.to_dict())]
        else:
            found.append(body.decode(errors="replace"))
    return "\n".join(found)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_object_of_a_lake_on_s3_holds_an_erased_person_and_totals_have_not_moved(
    source_server: MariaDb, warehouse_server: Postgres, s3_server: S3Server, tmp_path: Path
) -> None:
    environment = {**os.environ, **s3_server.environment(), "PYTHONPATH": str(CLONE), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", __name__], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(tmp_path / "errors").open("w"),
    ) as worker:  # fmt: skip
        assert worker.stdin and worker.stdout
        worker.stdin.write(json.dumps([asdict(source_server), warehouse_server.url("psycopg", "warehouse")]) + "\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "loaded\n", (tmp_path / "errors").read_text()[-3000:]
        before = everything(s3_server)
        said, _ = worker.communicate("go on\n", timeout=600)
    assert worker.returncode == 0, (tmp_path / "errors").read_text()[-3000:]

    found, after = json.loads(said.splitlines()[-1]), everything(s3_server)

    assert [canary for canary in (str(ANN), MAIL, NOTE) if canary not in before] == [], "the test can see them"
    assert [canary for canary in (str(ANN), MAIL, NOTE) if canary in after] == []
    assert (found["rows"]["bronze orders"], found["rows"]["silver visits"], found["rows"]["gold spend"]) == (3, 2, 1)
    assert (found["totals"], found["ann"], found["balanced"]) == (True, False, [True, True])
    assert (found["unclaimed"], found["again"]) == (0, 0)


def main() -> None:
    source, warehouse = json.loads(sys.stdin.readline())
    found = play(MariaDb(**source), Warehouse(warehouse))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
