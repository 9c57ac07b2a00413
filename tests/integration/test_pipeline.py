"""The machinery on a tiny world: real MariaDB, Delta by Spark, real PostgreSQL."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import delta, ledger, pipeline, presentation, session, status
from lakehouse.ledger import RunReport, TableRecord
from tests.support import shop
from tests.support.shop import CATALOG, Shop

NUMBERS = itertools.count()


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Shop]:
    opened = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"shop{next(NUMBERS)}")
    opened.sql(
        "INSERT INTO orders (id, status, price, note) VALUES (1, 'open', 10.00, 'a'), (2, 'Payed', 0.50, NULL), "
        "(3, 'odd', 3, 'x\\ty\\nz 😀'), (4, 'paid', -1, ''), (9007199254740995, 'paid', 99999999.99, 'big')",
        "INSERT INTO labels VALUES (1, 'north'), (2, 'south'), (3, NULL)",
    )
    yield opened
    opened.engine.dispose()


def run(world: Shop, mode: pipeline.Mode = "incremental") -> list[TableRecord]:
    """One run; the records of the tables that had something to do."""
    opened = pipeline.start(world.settings, CATALOG, mode)
    todo = [name for name in CATALOG.tables if pipeline.pending(opened, name)]
    records = [pipeline.ingest(opened, name) for name in todo]
    marts = frozenset(CATALOG.marts)
    if todo or presentation.pending(opened, marts):
        built, states = presentation.build(opened, marts)
        assert [mart for mart in built if mart.error] == []
        _, proofs = presentation.publish(opened, world.engine, states)
        assert all(proofs.values())
    ledger.append(
        opened.lake,
        RunReport(opened.run_id, mode, "", "", "done", tuple(records), (), 0, 0, True, opened.horizon.at),
    )
    return records


def silver(world: Shop, table: str) -> dict[int, object]:
    """The live silver rows by key."""
    lake = pipeline.Lake(world.settings.lake_root)
    rows = session.spark(world.settings).read.format("delta").load(lake.spark_path("silver", table))
    return {row["id"]: row for row in rows.where("_deleted_at IS NULL").collect()}


def test_a_first_run_carries_every_row_and_quarantines_the_bad_ones(world: Shop) -> None:
    records = run(world)

    by_name = {record.name: record for record in records}
    assert all(record.balanced for record in records)
    assert by_name["orders"].rejected == {"status_unknown": 1, "price_not_negative": 1}
    assert {key: row["status"] for key, row in silver(world, "orders").items()} == {
        1: "open", 2: "paid", 9007199254740995: "paid",
    }  # fmt: skip
    with world.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT label, orders, revenue FROM presentation.revenue").fetchall()
    assert set(rows) == {
        ("north", 1, Decimal("10.00")), ("south", 1, Decimal("0.50")), (None, 1, Decimal("99999999.99")),
    }  # fmt: skip


@pytest.mark.fault("F08", "F09")
def test_changes_deletions_and_untouched_cursors_are_found_and_then_there_is_nothing_to_do(world: Shop) -> None:
    run(world)
    world.sql(
        "UPDATE orders SET status = 'paid', price = 4 WHERE id = 3",
        "UPDATE orders SET price = 1.5, updated_at = updated_at WHERE id = 2",
        "DELETE FROM orders WHERE id = 1",
        "DELETE FROM labels WHERE id = 2",
        "UPDATE labels SET label = 'east' WHERE id = 3",
    )

    records = {record.name: record for record in run(world, "reconcile")}

    assert all(record.balanced for record in records.values())
    assert (records["orders"].deleted, records["labels"].deleted) == (1, 1)
    prices = {key: row["price"] for key, row in silver(world, "orders").items()}
    assert prices == {2: Decimal("1.50"), 3: Decimal("4.00"), 9007199254740995: Decimal("99999999.99")}
    versions = pipeline.Lake(world.settings.lake_root).state("bronze", "orders")
    assert run(world) == []
    assert pipeline.Lake(world.settings.lake_root).state("bronze", "orders") == versions


def test_the_status_tells_watermark_rows_and_up_to_when_the_source_is_proven_to_be_there(world: Shop) -> None:
    lake = pipeline.Lake(world.settings.lake_root)
    before, _ = status.status(lake, CATALOG)
    assert [(t.outcome, t.rows, t.proven_to) for t in before] == [("not loaded yet", 0, None)] * 2
    records = run(world)
    at = pipeline.micros(datetime(2030, 1, 2, tzinfo=UTC))
    ledger.append(
        lake, RunReport("r1", "incremental", "2030-01-02", "clock", "done", tuple(records), (), 1, 1, True, at)
    )

    (labels, orders), (revenue,) = status.status(lake, CATALOG)

    assert (orders.rows, orders.quarantined, labels.rows) == (3, 2, 3)
    assert (orders.last_run, orders.outcome, orders.proven_to) == ("r1", "load", datetime(2030, 1, 2, tzinfo=UTC))
    assert orders.watermark is not None and labels.watermark is None
    assert (revenue.rows, revenue.fresh_to) == (3, orders.proven_to)
    assert status.lag(orders.proven_to, datetime(2030, 1, 2, 1, 30, tzinfo=UTC)) == timedelta(minutes=90)


@pytest.mark.fault("F01")
def test_a_late_commit_is_not_lost(world: Shop) -> None:
    late = world.connection()
    with late.cursor() as cursor:
        cursor.execute("INSERT INTO orders (id, status, price) VALUES (50, 'open', 5)")
    world.sql("DO SLEEP(1.2)")
    run(world)
    assert 50 not in silver(world, "orders")

    late.commit()
    late.close()
    run(world)

    assert 50 in silver(world, "orders")


def test_a_commit_whose_proof_was_never_made_is_compared_whole_by_the_next_run(world: Shop) -> None:
    run(world)
    world.sql("UPDATE orders SET price = 9 WHERE id = 1")
    died = pipeline.start(world.settings, CATALOG)
    pipeline._extract(died, "orders")
    pipeline.curate(died, "orders")
    world.sql("UPDATE orders SET note = 'unseen', updated_at = updated_at WHERE id = 2")

    (record,) = run(world)

    assert (record.name, record.balanced) == ("orders", True)
    assert silver(world, "orders")[2]["note"] == "unseen", "no window shows it"
    assert run(world) == []


@pytest.mark.fault("F37", "F51")
def test_of_two_writers_with_one_plan_one_wins_and_the_other_is_told(world: Shop) -> None:
    run(world)
    opened = pipeline.start(world.settings, CATALOG)
    lake, spark = opened.lake, session.child(world.settings)
    before = lake.state("bronze", "orders")
    nothing = delta.read(spark, lake, "bronze", before, "orders").limit(0)
    mine = delta.next_state("bronze/orders", before, "mine", "window")
    delta.commit(lake, "bronze", "orders", mine, spark, delta.append(nothing))

    with pytest.raises(delta.Superseded, match="superseded by run mine"):
        delta.commit(lake, "bronze", "orders", replace(mine, run_id="zombie"), spark, delta.append(nothing))

    assert lake.state("bronze", "orders").run_id == "mine"


def test_a_commit_is_won_even_when_the_next_one_follows_at_once(world: Shop) -> None:
    run(world)
    lake, spark, other = pipeline.Lake.of(world.settings), session.child(world.settings), session.child(world.settings)
    before = lake.state("bronze", "orders")
    nothing = delta.read(spark, lake, "bronze", before, "orders").limit(0)
    mine = delta.next_state("bronze/orders", before, "mine", "window")

    def followed(path: str) -> None:
        delta.append(nothing)(path)
        rows = delta.read(other, lake, "bronze", before, "orders").limit(0)
        next_one = delta.next_state("bronze/orders", mine, "other", "window")
        delta.commit(lake, "bronze", "orders", next_one, other, delta.append(rows))

    assert delta.commit(lake, "bronze", "orders", mine, spark, followed).run_id == "mine"
    assert lake.state("bronze", "orders").run_id == "other"


def test_a_load_that_was_cut_off_goes_on_where_it_stopped(world: Shop) -> None:
    values = ", ".join(f"({n}, 'open', {n}.25)" for n in range(100, 3_100))
    world.sql(f"INSERT INTO orders (id, status, price) VALUES {values}")
    small = replace_settings(world, chunk_rows=1_000)
    opened = pipeline.start(small.settings, CATALOG)
    extractor = opened.extractor("orders")
    plan = extractor._load_plan()
    extractor._chunk(plan)
    assert not opened.lake.state("bronze", "orders").usable

    records = {record.name: record for record in run(small)}

    assert records["orders"].balanced
    assert records["orders"].silver_rows == 3_003
    assert opened.lake.state("bronze", "orders").load.chunks == 4


def replace_settings(world: Shop, **changes: object) -> Shop:
    """The same world under other settings."""
    return replace(world, settings=world.settings.model_copy(update=changes))


@pytest.mark.fault("F13")
def test_a_missing_column_stops_the_table_by_name_before_anything_is_written(world: Shop) -> None:
    world.sql("ALTER TABLE orders DROP COLUMN note")
    opened = pipeline.start(world.settings, CATALOG)

    with pytest.raises(pipeline.Terminal, match=r"column orders\.note is missing"):
        pipeline.ingest(opened, "orders")

    assert opened.lake.state("bronze", "orders") is None
