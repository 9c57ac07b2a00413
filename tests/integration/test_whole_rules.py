"""Rules about a whole table through silver, commit after commit: what they tell, what they stop, and how it heals."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lakehouse import ledger
from lakehouse.checks import AnyCheck, references, unique, volume
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport, TableRecord
from lakehouse.quality import Broken
from tests.support.bronze import THINGS, Bench, Version


@dataclass(frozen=True)
class World:
    """Things, and the boxes that they refer to by their size."""

    things: Bench
    boxes: Bench

    @staticmethod
    def of(folder: Path, *checks: AnyCheck) -> "World":
        lake, bare = Lake(str(folder)), replace(THINGS, history=False)
        return World(Bench(lake, replace(bare, checks=checks)), Bench(lake, replace(bare, name="boxes", checks=())))

    def box(self, number: int) -> None:
        """A box of this number comes."""
        self.boxes.commit([thing(number)])
        self.boxes.advance()

    def ids(self, layer: str = "silver") -> list[int]:
        return [row["id"] for row in self.things.rows(layer)]


def thing(number: int, box: int | None = None, kind: str | None = None, deleted: bool = False) -> Version:
    return Version(number, kind, box, 1, deleted)


def test_an_orphan_is_kept_and_told_until_its_parent_comes_and_a_deleted_parent_is_known(tmp_path: Path) -> None:
    world = World.of(tmp_path, references("size", "boxes", "id"))
    world.box(7)
    world.things.commit([thing(1, 7), thing(2, 8), thing(3, None)])

    assert world.things.advance().warned == {"size_known": 1}
    assert (world.ids(), world.ids("quarantine")) == ([1, 2, 3], [])

    world.boxes.commit([thing(8), thing(7, deleted=True)])
    world.boxes.advance()
    world.things.commit([thing(4, 7)])
    assert world.things.advance().warned == {}


@pytest.mark.long
def test_a_table_that_stands_for_want_of_a_parent_goes_on_by_itself_when_that_comes(tmp_path: Path) -> None:
    world = World.of(tmp_path, references("size", "boxes", "id", "fail"))
    world.box(7)
    world.things.commit([thing(1, 7)])
    world.things.advance()
    world.things.commit([thing(2, 8)])

    with pytest.raises(Broken, match="1 rows break size_known; silver is untouched") as stopped:
        world.things.advance()
    assert stopped.value.verdict.stopped == {"size_known": 1}
    assert world.ids() == [1]
    world.box(8)

    assert world.things.advance().warned == {}
    assert world.ids() == [1, 2]


@pytest.mark.long
def test_values_are_shared_with_rows_of_earlier_commits_until_one_of_them_goes(tmp_path: Path) -> None:
    world = World.of(tmp_path, unique("kind"), unique("size", severity="fail"))
    world.things.commit([thing(1, 1, "red"), thing(2, 2, "blue")])
    assert world.things.advance().warned == {}
    world.things.commit([thing(3, 3, "red")])
    assert world.things.advance().warned == {"kind_unique": 1}
    world.things.commit([thing(1, 1, "red", deleted=True)])
    assert world.things.advance().warned == {}, "a deleted row is none of the table"

    world.things.commit([thing(4, 2)])
    with pytest.raises(Broken, match="1 rows break size_unique"):
        world.things.advance()
    before = world.things.rows("silver")
    world.things.commit([thing(4, 4)])

    assert world.things.advance().warned == {}
    assert (len(before), world.ids()) == (3, [1, 2, 3, 4])


@pytest.mark.long
def test_a_commit_of_unusual_size_is_measured_by_what_the_last_runs_brought(tmp_path: Path) -> None:
    world = World.of(tmp_path, volume(0.5, 2), volume(0, 3, "fail", "flood"))
    world.things.commit([thing(n) for n in range(50)])
    assert world.things.advance().warned == {}, "a first look is no usual run"
    for run, new in enumerate((3, 4, 5, 400)):
        record = TableRecord("things", "window" if new < 400 else "load", new=new, seq=1)
        ledger.append(world.things.lake, RunReport(f"r{run}", "", "", "", "", (record,), (), 0, 0, True, 0))

    found = {}
    for brought in (1, 2, 8, 9):
        world.things.commit([thing(n) for n in range(brought)])
        found[brought] = world.things.advance().warned
    world.things.commit([thing(n) for n in range(13)])
    with pytest.raises(Broken, match="1 rows break flood"):
        world.things.advance()

    assert found == {1: {"volume": 1}, 2: {}, 8: {}, 9: {"volume": 1}}
