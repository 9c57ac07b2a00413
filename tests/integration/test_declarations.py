"""A table's file changes: bronze is loaded anew beside what it holds, or says why it cannot be."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import bronze, delta, pipeline, session
from lakehouse.contracts import Catalog, Column, Curation, Cursor, Snapshot, Table, Terminal
from lakehouse.extract import Extraction
from tests.support import shop
from tests.support.shop import LABELS, ORDERS, Shop

NUMBERS = itertools.count()
NOTED = Cursor("noted_at")


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Shop]:
    opened = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"declared{next(NUMBERS)}")
    opened.sql(
        "ALTER TABLE labels ADD colour VARCHAR(10) DEFAULT 'red', ADD noted_at TIMESTAMP(6) NOT NULL "
        "DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), ADD KEY (noted_at)",
        "INSERT INTO labels (id, label) VALUES (1, 'north'), (2, 'south'), (3, NULL)",
    )
    yield opened
    opened.engine.dispose()


def catalog(table: Table) -> Catalog:
    return Catalog({table.name: Curation(table, lambda rows: rows, table.shape)}, {})


def extract(world: Shop, table: Table, mode: pipeline.Mode = "incremental") -> Extraction:
    """One run of one table up to bronze."""
    opened = pipeline.start(world.settings, catalog(table), mode)
    return pipeline.settle(lambda: pipeline._extract(opened, table.name))


def silver(world: Shop, table: Table) -> dict[int, dict]:
    """Silver after one whole run of the table."""
    opened = pipeline.start(world.settings, catalog(table))
    assert pipeline.ingest(opened, table.name).balanced
    state = opened.lake.state("silver", table.name)
    found = delta.read(session.child(world.settings), opened.lake, "silver", state, table.name)
    return {r["id"]: r.asDict() for r in found.collect()}


def rows(world: Shop, table: Table) -> dict[int, dict]:
    """The latest version of each key that is not deleted."""
    lake = pipeline.Lake.of(world.settings)
    held = delta.read(session.child(world.settings), lake, "bronze", lake.state("bronze", table.name), table.name)
    return {r["id"]: r.asDict() for r in bronze.latest(held, table).where("_op = 'upsert'").collect()}


def test_a_column_that_is_declared_later_is_read_for_all_rows_and_no_version_is_lost(world: Shop) -> None:
    assert "colour" not in silver(world, LABELS)[1]
    wider = replace(LABELS, columns=(*LABELS.columns, Column("colour", "VARCHAR(10)")))
    assert pipeline.pending(pipeline.start(world.settings, catalog(wider)), "labels")

    found = extract(world, wider)

    assert found.proven
    assert {key: row["colour"] for key, row in rows(world, wider).items()} == {1: "red", 2: "red", 3: "red"}
    assert pipeline.Lake.of(world.settings).count("bronze", "labels") == 6
    assert {key: row["colour"] for key, row in silver(world, wider).items()} == {1: "red", 2: "red", 3: "red"}


@pytest.mark.long
def test_a_column_that_is_no_longer_declared_is_no_longer_read(world: Shop) -> None:
    extract(world, ORDERS)
    world.sql("INSERT INTO orders (id, price, note) VALUES (1, 1, 'kept'), (2, 2, 'left')")
    extract(world, ORDERS)
    narrow = replace(ORDERS, columns=tuple(c for c in ORDERS.columns if c.name != "note"))
    world.sql("UPDATE orders SET note = 'unread' WHERE id = 2")

    assert extract(world, narrow).proven

    assert {key: row["note"] for key, row in rows(world, narrow).items()} == {1: None, 2: None}


@pytest.mark.long
def test_a_cursor_that_is_declared_later_takes_a_mark_of_its_own(world: Shop) -> None:
    extract(world, LABELS)
    noted = Column("noted_at", "TIMESTAMP(6)", nullable=False)
    marked = replace(LABELS, columns=(*LABELS.columns, noted), strategy=NOTED)

    assert extract(world, marked).proven

    state = pipeline.Lake.of(world.settings).state("bronze", "labels")
    assert state.watermark is not None
    world.sql("UPDATE labels SET label = 'west' WHERE id = 3")
    assert (extract(world, marked).new, rows(world, marked)[3]["label"]) == (1, "west")


@pytest.mark.long
def test_a_cursor_that_is_given_up_leaves_no_mark_behind(world: Shop) -> None:
    world.sql("INSERT INTO orders (id, price) VALUES (1, 1), (2, 2)")
    extract(world, ORDERS)
    compared = replace(ORDERS, strategy=Snapshot())

    assert extract(world, compared).proven

    assert pipeline.Lake.of(world.settings).state("bronze", "orders").watermark is None
    world.sql("UPDATE orders SET price = 3, updated_at = updated_at WHERE id = 2", "DELETE FROM orders WHERE id = 1")
    found = extract(world, compared)
    assert (found.new, found.deleted, found.proven) == (1, 1, True)


def test_a_type_that_cannot_stand_beside_the_old_versions_is_refused_by_name(world: Shop) -> None:
    extract(world, ORDERS)
    before = pipeline.Lake.of(world.settings).state("bronze", "orders")
    world.sql("ALTER TABLE orders MODIFY price DECIMAL(14,3)")
    price = Column("price", "DECIMAL(14,3)", nullable=False)
    retyped = replace(ORDERS, columns=tuple(price if c.name == "price" else c for c in ORDERS.columns))

    with pytest.raises(Terminal, match=r"bronze holds price as decimal\(12,2\), declared decimal\(14,3\).*new `name`"):
        extract(world, retyped)

    assert pipeline.Lake.of(world.settings).state("bronze", "orders") == before
    renamed = replace(price, name="price_exact", source="price")
    kept = replace(ORDERS, columns=tuple(renamed if c.name == "price" else c for c in ORDERS.columns), checks=())
    assert extract(world, kept).proven


def test_a_load_that_another_run_began_ends_at_the_horizon_of_the_run_that_ends_it(world: Shop) -> None:
    world.sql(*[f"INSERT INTO orders (id, price) VALUES {', '.join(f'({n}, 1)' for n in range(1, 2501))}"])
    small = replace(world, settings=world.settings.model_copy(update={"chunk_rows": 1000}))
    began = pipeline.start(small.settings, catalog(ORDERS))
    extractor = began.extractor("orders")
    extractor._chunk(extractor._load_plan())
    world.sql("UPDATE orders SET note = 'meanwhile' WHERE id = 1")

    ended = pipeline.start(small.settings, catalog(ORDERS))
    found = pipeline._extract(ended, "orders")

    state = pipeline.Lake.of(world.settings).state("bronze", "orders")
    assert found.proven
    assert rows(world, ORDERS)[1]["note"] == "meanwhile"
    assert state.watermark > state.load.horizon, "the ledger shows the horizon of the run that ended it"


@pytest.mark.long
def test_a_whole_load_that_another_run_has_just_made_is_not_made_again(world: Shop) -> None:
    extract(world, ORDERS)
    waits = pipeline.start(world.settings, catalog(ORDERS), "full")
    extract(world, ORDERS, "full")
    made = pipeline.Lake.of(world.settings).state("bronze", "orders")

    pipeline._extract(waits, "orders")

    assert pipeline.Lake.of(world.settings).state("bronze", "orders").load == made.load
