"""A run that is killed at any point, and run again, ends where a run ends that was never killed."""

import signal
from collections.abc import Callable

import pytest

from lakehouse.lake import Layer
from tests.faults.worker import POINTS
from tests.faults.worlds import DAYS, SECOND, completed, content, ended, launch, staged, uncommitted
from tests.support.shop import Shop

IN_WINDOWS = ("after_staging", "after_bronze", "after_silver", "after_gold", "inside_warehouse")
TWICE = [  # the second point is one that the run reaches that makes up for the first
    ("after_planning", "after_planning"), ("while_reading", "after_staging"), ("after_bronze", "after_bronze"),
    ("after_bronze", "after_silver"), ("after_silver", "after_bronze"), ("after_silver", "after_gold"),
    ("after_gold", "inside_warehouse"), ("inside_warehouse", "inside_warehouse"),
]  # fmt: skip
KILLS = [("reconcile", point) for point in POINTS] + [("incremental", point) for point in IN_WINDOWS]


@pytest.mark.long
@pytest.mark.parametrize(("mode", "point"), KILLS)
@pytest.mark.fault("F21", "F22", "F23", "F25", "F27", "F28", "F29", "F31")
def test_a_killed_run_that_is_run_again_ends_like_one_that_was_not_killed(
    new_world: Callable[[], Shop], calms: Callable[[str], dict[str, list[str]]], mode: str, point: str
) -> None:
    world, days = new_world(), DAYS[mode]
    completed(world, **days.morning)
    world.sql(*days.second)
    assert ended(launch(world, WORLD_DIE=point, **days.evening))[0] == -signal.SIGKILL
    completed(world, **days.evening)
    assert staged(world) == []
    assert content(world) == calms(mode)


@pytest.mark.long
@pytest.mark.parametrize(("first", "second"), TWICE)
@pytest.mark.fault("F33")
def test_a_run_that_is_killed_while_it_makes_up_for_a_killed_one_loses_and_doubles_nothing(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], first: str, second: str
) -> None:
    world = new_world()
    completed(world)
    world.sql(*SECOND)
    for point in (first, second):
        assert ended(launch(world, WORLD_DIE=point))[0] == -signal.SIGKILL
    completed(world)
    assert staged(world) == []
    assert content(world) == calm


@pytest.mark.long
@pytest.mark.parametrize("layer", ["bronze", "silver"])
@pytest.mark.fault("F24", "F26")
def test_files_that_a_killed_run_wrote_and_never_committed_are_ignored(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], layer: Layer
) -> None:
    world = new_world()
    completed(world)
    world.sql(*SECOND)
    before = uncommitted(world, layer)  # where a commit adds no row, Spark wrote an empty one
    assert ended(launch(world, WORLD_DIE_WRITING=f"before_{layer}"))[0] == -signal.SIGKILL
    assert uncommitted(world, layer) > before
    completed(world)
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
    completed(world)
    assert staged(world) == []
    world.sql(*SECOND)
    completed(world)
    assert content(world) == calm
