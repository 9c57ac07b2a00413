"""S3 stores an object and its reply is lost (F44, F49): no log entry is written over, and the commit is found."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import session
from tests.integration.test_s3 import play
from tests.support.deaf_s3 import DeafS3, deaf_s3

pytestmark = pytest.mark.long
CLONE = Path(__file__).parents[2]
DELTAS_OWN = "io.delta.storage.S3SingleDriverLogStore"


def is_entry_of_bronze(path: str) -> bool:
    return "/raw_data/" in path and "/_delta_log/0" in path and path.endswith(".json")


def played(server: MariaDb, s3: DeafS3, store: str, folder: Path) -> dict[str, object]:
    """Two runs and an idle one, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, store],
        input=json.dumps(asdict(server)),
        env={**os.environ, **s3.environment, "PYTHONPATH": str(CLONE), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.fault("F44", "F49")
def test_a_commit_whose_reply_is_lost_is_found_and_no_log_entry_is_written_over(
    source_server: MariaDb, tmp_path: Path
) -> None:
    with deaf_s3("lake", is_entry_of_bronze) as s3:
        seen = played(source_server, s3, session.LOG_STORE, tmp_path)

    assert len(s3.lost) >= 2, "the replies to a load and to what followed"
    assert set(s3.stored.values()) == {1}
    assert (seen["first"], seen["second"], seen["deleted"], seen["idle"]) == (True, True, 1, True)


@pytest.mark.fault("F44", "F49", control=True)
def test_with_deltas_own_store_an_entry_whose_reply_is_lost_is_written_over(
    source_server: MariaDb, tmp_path: Path
) -> None:
    with deaf_s3("lake", is_entry_of_bronze) as s3:
        played(source_server, s3, DELTAS_OWN, tmp_path)

    assert max(s3.stored.values()) > 1


def main() -> None:
    session.STATIC["spark.delta.logStore.s3a.impl"] = sys.argv[1]
    sys.stdout.write(json.dumps(play(MariaDb(**json.loads(sys.stdin.read())))) + "\n")


if __name__ == "__main__":
    main()
