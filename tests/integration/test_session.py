"""Spark on its way, and what changes once it is up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANCELED = """
import gc, json, sys, threading, time
import psutil
import cli
from lakehouse import session
from lakehouse.contracts import PipelineError
from lakehouse.settings import Settings

said = []

def ask():
    try:
        session.spark(Settings(lake="lake"))
    except PipelineError as error:
        said.append(str(error))

def javas():
    return list(filter(session._is_spark, psutil.Process().children(recursive=True)))

asking = threading.Thread(target=ask)
asking.start()
while not javas():
    time.sleep(0.01)
if sys.argv[1] == "canceled":
    session.stop_jobs()
asking.join()
is_up = session.running() is not None
print(json.dumps({"said": said, "is up": is_up, "javas": len(javas()), "gc": gc.get_threshold()}))
"""


@pytest.mark.parametrize("canceled", [True, False], ids=["canceled", "let alone"])
def test_a_spark_that_still_starts_is_ended_with_the_run_that_is_canceled(tmp_path: Path, canceled: bool) -> None:
    command = [sys.executable, "-c", CANCELED, "canceled" if canceled else "let alone"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)

    found = json.loads(done.stdout.splitlines()[-1])
    told = ["Spark did not start (PySparkRuntimeError); `lakehouse check` tells more"]
    assert found["said"] == (told if canceled else [])
    assert found["is up"] is not canceled
    assert found["javas"] == (0 if canceled else 1)
    assert found["gc"] == ([500_000, 10, 10] if canceled else [700, 10, 10]), (
        "garbage that Python keeps fills Spark's heap"
    )
