"""Two runs at once on one lake: real processes that meet at the commit and race for it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.worlds import SECOND, completed, content, ended, launch, staged
from tests.support.shop import Shop


@pytest.mark.long
@pytest.mark.parametrize("point", ["before_bronze", "after_bronze", "before_gold"])
@pytest.mark.fault("F37")
def test_of_two_runs_at_once_none_doubles_or_loses_a_row_and_the_loser_says_so(
    new_world: Callable[[], Shop], calm: dict[str, list[str]], tmp_path: Path, point: str
) -> None:
    world = new_world()
    completed(world)
    world.sql(*SECOND)
    gate = tmp_path / "gate"
    gate.mkdir()
    both = [launch(world, WORLD_MEET=point, WORLD_GATE=str(gate)) for _ in range(2)]
    results = [ended(process) for process in both]
    assert [code for code, _ in results] == [0, 0], "\n---\n".join(output for _, output in results)
    assert len(list(gate.iterdir())) == len(both)
    if point.startswith("before"):
        assert any(re.search(r"superseded by run \w+", output) for _, output in results), results
    assert staged(world) == []
    assert content(world) == calm
