"""Spark's process ends while Python lives: the run ends too, says why, and the next one makes up for it."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.faults.worlds import REPOSITORY, SECOND, completed, content, ended, launch, staged
from tests.support.shop import Shop

EXHAUSTED = """
from lakehouse import failures, session
from lakehouse.contracts import Transient
from lakehouse.settings import Settings, SparkSettings

spark = session.spark(Settings(lake="lake", spark=SparkSettings(master="local[1]", driver_memory="512m")))
try:
    spark.sql("SELECT collect_list(repeat('x', 10000)) FROM range(200000)").collect()
except Exception as error:
    print(failures.told("table things", error))
    print(failures.told("table things", Transient("in our own words")))
"""


@pytest.mark.fault("F35")
def test_a_spark_that_lacks_memory_is_told_with_the_setting_that_gives_more() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXHAUSTED], capture_output=True, text=True, check=True, timeout=200, cwd=REPOSITORY
    )

    *_, exhausted, ours = done.stdout.splitlines()
    assert exhausted.startswith("Spark ran out of memory and has ended; raise LAKEHOUSE_SPARK__DRIVER_MEMORY; ")
    assert ours == "in our own words"


@pytest.mark.long
@pytest.mark.parametrize("point", ["after_staging", "before_bronze", "after_silver", "before_gold"])
@pytest.mark.fault("F35")
def test_a_run_whose_spark_is_killed_ends_and_says_so_and_the_next_one_converges(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], point: str
) -> None:
    world = new_world()
    completed(world)
    world.sql(*SECOND)

    code, output = ended(launch(world, WORLD_LOSE=point))

    assert code == 1
    assert output.splitlines()[-1].startswith("Spark has ended in mid-run (exit code -9; ")
    completed(world)
    assert staged(world) == []
    assert content(world) == calm
