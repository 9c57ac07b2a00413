"""A run that is killed at any point, and run again, ends where a run ends that was never killed."""

import signal
from collections.abc import Callable

import pytest

from tests.faults.worker import POINTS
from tests.faults.worlds import SECOND, content, ended, launch, staged
from tests.support.shop import Shop


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.fault("F23", "F25", "F27", "F28", "F29", "F31")
def test_a_killed_run_that_is_run_again_ends_like_one_that_was_not_killed(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], point: str
) -> None:
    world = new_world()
    code, output = ended(launch(world))
    assert code == 0, output
    world.sql(*SECOND)
    assert ended(launch(world, WORLD_DIE=point))[0] == -signal.SIGKILL
    code, output = ended(launch(world))
    assert code == 0, output
    assert staged(world) == []
    assert content(world) == calm


@pytest.mark.long
@pytest.mark.parametrize("point", ["after_staging", "after_bronze", "after_silver"])
@pytest.mark.fault("F23", "F25", "F27")
def test_a_first_load_that_is_killed_ends_like_one_that_was_not(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], point: str
) -> None:
    world = new_world()
    assert ended(launch(world, WORLD_DIE=point))[0] == -signal.SIGKILL
    code, output = ended(launch(world))
    assert code == 0, output
    assert staged(world) == []
    world.sql(*SECOND)
    code, output = ended(launch(world))
    assert code == 0, output
    assert content(world) == calm
