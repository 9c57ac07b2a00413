"""Upkeep of a whole lake: the next runs, the release and an erasure behind it are as if it had not been."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import delta, pipeline, presentation, session
from lakehouse.upkeep import Upkeep
from lakehouse.warehouse.reconcile import compare
from tests.support import people
from tests.support.aged import age
from tests.support.lab import Lab, lab
from tests.support.people import ANN, CATALOG, MAIL, NOTE, People
from tests.support.zoo import EVERYTHING, ROWS, statements

pytestmark = pytest.mark.long


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[People]:
    with people.open_people(source_server, warehouse_server, tmp_path / "lake") as opened:
        yield opened


def tend(world: People) -> tuple[int, int, int]:
    """Files before and after, and old ones that went, in sum."""
    found = list(Upkeep.of(world.lake).tend(CATALOG))
    assert not [record for record in found if record.error or record.note]
    return tuple(sum(getattr(r, name) for r in found) for name in ("files_before", "files_after", "removed"))


def aged(world: People, days: int) -> None:
    for log in Path(world.lake.root).glob("*/*/_delta_log"):
        age(str(log.parent), days)


def due(world: People) -> list[str]:
    """What the next run would have to do."""
    run, marts = pipeline.start(world.shop.settings, CATALOG), frozenset(CATALOG.marts)
    found = [table for table in CATALOG.tables if pipeline.pending(run, table)]
    found += ["marts"] if presentation.pending(run, marts) else []
    return found + (["release"] if presentation.publish_pending(run, world.shop.engine) else [])


def equal(world: People) -> bool:
    return all(one.equal for one in compare(world.shop.engine, world.lake, CATALOG))


def some_runs(world: People) -> None:
    world.run()
    for price in (11, 12, 13):
        world.shop.sql(
            f"UPDATE orders SET price = {price} WHERE id = 1", f"INSERT INTO visits VALUES (11, {price}, 'home')"
        )
        assert all(record.balanced for record in world.run().values())


def test_after_upkeep_there_is_nothing_to_do_and_then_changes_are_carried_proven_and_released(world: People) -> None:
    some_runs(world)
    before = world.totals()
    assert due(world) == []

    files, fewer, _ = tend(world)

    assert fewer < files and due(world) == [] and equal(world)
    aged(world, 30)
    assert tend(world)[2] > 10
    assert due(world) == [] and equal(world) and world.totals() == before
    assert all(record.balanced for record in world.run("reconcile").values())
    world.shop.sql("UPDATE orders SET price = 100 WHERE id = 4", "DELETE FROM visits WHERE n = 12")
    assert due(world) == [*CATALOG.tables]
    assert all(record.balanced for record in world.run().values())
    assert world.totals() != before and equal(world) and due(world) == []


def test_an_erasure_behind_upkeep_leaves_nothing_of_the_person_and_upkeep_behind_it_brings_nothing_back(
    world: People,
) -> None:
    some_runs(world)
    tend(world)
    world.shop.sql("UPDATE orders SET price = 14 WHERE id = 2")
    world.run()
    before = world.totals()
    assert all(canary in world.everything_in_the_lake() for canary in (str(ANN), MAIL, NOTE))

    receipt = world.erase()

    owed = due(world)
    assert receipt.unclaimed == 0
    assert not [canary for canary in (str(ANN), MAIL, NOTE) if canary in world.everything_in_the_lake()]
    tend(world)
    assert not [canary for canary in (str(ANN), MAIL, NOTE) if canary in world.everything_in_the_lake()]
    assert world.totals() == before and equal(world) and due(world) == owed
    assert all(record.balanced for record in world.run("reconcile").values())
    assert due(world) == []
    assert ANN not in world.users()


def test_every_type_is_the_same_to_its_edges_after_its_files_were_put_together(
    source_server: MariaDb, tmp_path: Path
) -> None:
    with lab(source_server, str(tmp_path), EVERYTHING, "DO 1") as world:
        create, *inserts = statements()
        world.sql(create)
        for insert in inserts:
            world.sql("SET sql_mode = ''", insert)
            world.run()
        before = versions(world)
        assert len(before) == ROWS

        records = {(r.layer, r.table): r for r in Upkeep.of(pipeline.Lake.of(world.settings)).tend(world.catalog)}

        record = records["bronze", "zoo"]
        assert (record.files_after, record.error) == (1, "") and record.files_before >= ROWS
        assert versions(world) == before
        found = world.run("reconcile")
        assert found is not None and (found.new, found.deleted, found.proven) == (0, 0, True)
        world.sql("UPDATE zoo SET big = 5 WHERE id = 1")
        assert world.run().new == 1


def versions(world: Lab) -> list[tuple]:
    """All versions in bronze, as Spark reads them."""
    lake, spark = pipeline.Lake.of(world.settings), session.child(world.settings)
    rows = delta.read(spark, lake, "bronze", lake.state("bronze", "zoo"), "zoo")
    return sorted(map(tuple, rows.collect()), key=str)
