"""The marts of one run: of one state of the lake, and one that fails leaves the others alone."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import gold, pipeline, presentation
from lakehouse.checks import fail
from lakehouse.contracts import Catalog, Mart, Recipe, Terminal
from tests.support import shop
from tests.support.shop import CATALOG, Shop

NUMBERS = itertools.count()


def _count(labels: DataFrame) -> DataFrame:
    return labels.groupBy().agg(F.count("*").alias("rows"))


def _orders(orders: DataFrame) -> DataFrame:
    return _count(orders)


def _twice(count: DataFrame) -> DataFrame:
    return count.select((F.col("rows") * 2).alias("rows"))


def recipe(name: str, build: object, inputs: tuple[str, ...], **mart: object) -> Recipe:
    return Recipe(Mart(name, ("rows",), "", **mart), build, inputs, "1")


def with_marts(*recipes: Recipe) -> Catalog:
    return Catalog(CATALOG.tables, {r.mart.name: r for r in recipes})


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Shop]:
    opened = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"marts{next(NUMBERS)}")
    opened.sql("INSERT INTO labels VALUES (1, 'north'), (2, 'south')", "INSERT INTO orders (id, price) VALUES (1, 5)")
    yield opened
    opened.engine.dispose()


def ingested(world: Shop, catalog: Catalog) -> pipeline.Run:
    opened = pipeline.start(world.settings, catalog)
    for table in ("orders", "labels"):
        pipeline.ingest(opened, table)
    return opened


def test_all_marts_of_a_run_read_the_same_commits_whatever_another_run_does_between(
    world: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = with_marts(recipe("count", _count, ("labels",)), recipe("again", _count, ("labels",)))
    calm = replace(world, settings=world.settings.model_copy(update={"parallel_tables": 1}))
    opened = ingested(calm, catalog)
    build, calls = gold.build, itertools.count()

    def disturbed(*args: object) -> object:
        if next(calls) == 1:
            world.sql("INSERT INTO labels VALUES (3, 'west')")
            pipeline.ingest(pipeline.start(world.settings, catalog), "labels")
        return build(*args)

    monkeypatch.setattr(gold, "build", disturbed)

    _, states = presentation.build(opened, frozenset(catalog.marts))

    assert states["count"].inputs == states["again"].inputs
    assert opened.lake.state("silver", "labels").seq > states["again"].inputs["labels"]


def test_a_mart_that_fails_keeps_its_last_version_and_those_made_of_it_and_no_other(world: Shop) -> None:
    catalog = with_marts(
        recipe("count", _count, ("labels",), checks=(fail("few", "rows < 3"),)),
        recipe("twice", _twice, ("count",)),
        recipe("calm", _orders, ("orders",)),
    )
    first = ingested(world, catalog)
    _, old = presentation.build(first, frozenset(catalog.marts))
    world.sql("INSERT INTO labels VALUES (3, 'west')", "INSERT INTO orders (id, price) VALUES (2, 5)")
    opened = ingested(world, catalog)

    records, states = presentation.build(opened, frozenset(catalog.marts))

    by_name = {r.name: r for r in records}
    assert by_name["count"].error == "mart count: 1 rows break few; it is not published"
    assert by_name["twice"].error == "not rebuilt for want of count"
    assert (by_name["calm"].status, by_name["calm"].error) == ("rebuilt", "")
    assert set(states) == {"calm"}
    assert opened.lake.state("gold", "twice") == old["twice"]


def test_a_column_of_the_warehouse_that_would_change_a_value_stops_the_release(world: Shop) -> None:
    opened = ingested(world, CATALOG)
    _, states = presentation.build(opened, frozenset(CATALOG.marts))
    with world.engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA presentation")
        connection.exec_driver_sql(
            "CREATE TABLE presentation.revenue (label text, orders bigint, revenue numeric(14,1))"
        )
        connection.exec_driver_sql("INSERT INTO presentation.revenue VALUES ('old', 1, 0.5)")
    world.sql("UPDATE orders SET price = 5.55")
    changed = ingested(world, CATALOG)
    _, states = presentation.build(changed, frozenset(CATALOG.marts))

    with pytest.raises(Terminal, match=r"revenue\.revenue: it is numeric\(14,1\) and declared numeric\(14,2\)"):
        presentation.publish(changed, world.engine, states)

    with world.engine.connect() as connection:
        assert [tuple(r) for r in connection.exec_driver_sql("SELECT label, orders FROM presentation.revenue")] == [
            ("old", 1)
        ]
