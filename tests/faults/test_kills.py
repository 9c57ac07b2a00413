"""A run that is killed at any point, and run again, ends where a run ends that was never killed."""

import signal
from collections.abc import Callable

import pytest

from tests.faults.worker import POINTS
from tests.faults.worlds import DAYS, SECOND, content, ended, launch, staged
from tests.support.shop import Shop

IN_WINDOWS = ("after_staging", "after_bronze", "after_silver", "after_gold", "inside_warehouse")
KILLS = [("reconcile", point) for point in POINTS] + [("incremental", point) for point in IN_WINDOWS]


@pytest.mark.long
@pytest.mark.parametrize(("mode", "point"), KILLS)
@pytest.mark.fault("F23", "F25", "F27", "F28", "F29", "F31")
def test_a_killed_run_that_is_run_again_ends_like_one_that_was_not_killed(
    new_world: Callable[[], Shop], calms: Callable[[str], dict[str, list[str]]], mode: str, point: str
) -> None:
    world, days = new_world(), DAYS[mode]
    code, output = ended(launch(world, **days.morning))
    assert code == 0, output
    world.sql(*days.second)
    assert ended(launch(world, WORLD_DIE=point, **days.evening))[0] == -signal.SIGKILL
    code, output = ended(launch(world, **days.evening))
    assert code == 0, output
    assert staged(world) == []
    assert content(world) == calms(mode)


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
