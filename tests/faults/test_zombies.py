"""A run that stands still, and goes on when another has long been done (F38): it loses, and turns nothing back."""

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.faults.worlds import SECOND, completed, content, ended, launch, staged
from tests.support.shop import Shop

PATIENCE = 120


def current(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """What the tables say now; bronze and history rightly know the version that only the zombie's day had."""
    return {name: rows for name, rows in found.items() if not name.startswith(("bronze", "history"))}


def stopped(pid: int) -> bool:
    """True once the process stands still."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if psutil.Process(pid).status() == psutil.STATUS_STOPPED:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.long
@pytest.mark.parametrize("point", ["before_bronze", "after_bronze", "after_history", "after_silver", "before_gold"])
@pytest.mark.fault("F38", "F39")
def test_a_zombie_that_goes_on_after_another_run_turns_nothing_back(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], point: str
) -> None:
    world = new_world()
    completed(world)
    world.sql("UPDATE orders SET price = 8, updated_at = '2024-04-04' WHERE id = 1")
    zombie = launch(world, WORLD_STOP=point)
    try:
        assert stopped(zombie.pid)
        world.sql("UPDATE orders SET price = 10 WHERE id = 1", *SECOND)
        completed(world)
        assert current(content(world)) == current(calm)
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    code, output = ended(zombie)

    assert code == 0, output
    assert staged(world) == []
    assert current(content(world)) == current(calm)
