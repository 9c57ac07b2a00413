"""A Spark that is still starting ends at once where the run that needs it is canceled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANCELED = """
import json, sys, threading, time
import psutil
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
    return [one for one in psutil.Process().children(recursive=True) if "SparkSubmit" in " ".join(one.cmdline())]

asking = threading.Thread(target=ask)
asking.start()
while not javas():
    time.sleep(0.01)
if sys.argv[1] == "canceled":
    session.stop_jobs()
asking.join()
print(json.dumps({"said": said, "is up": session.running() is not None, "javas": len(javas())}))
"""


@pytest.mark.parametrize("canceled", [True, False], ids=["canceled", "let alone"])
def test_a_spark_that_still_starts_is_ended_with_the_run_that_is_canceled(tmp_path: Path, canceled: bool) -> None:
    command = [sys.executable, "-c", CANCELED, "canceled" if canceled else "let alone"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)

    found = json.loads(done.stdout.splitlines()[-1])
    told = ["Spark did not start (PySparkRuntimeError); `lakehouse check` tells more"]
    assert found == {"said": told if canceled else [], "is up": not canceled, "javas": 0 if canceled else 1}
