"""How each rule fared is kept for every run, and is a mart."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import transforms
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import delta, pipeline, presentation, quality_log, session
from lakehouse.checks import fail, fresh, references, warn
from lakehouse.contracts import Catalog, Curation, Table, Terminal
from lakehouse.ledger import TableRecord
from tests.support import shop
from tests.support.shop import CATALOG, ORDERS, Shop

NUMBERS = itertools.count()
MART = "data_quality_daily"
CHECKED = replace(
    ORDERS,
    checks=(
        *ORDERS.checks,
        warn("cheap", "price < 100", tolerated=0.5),
        references("id", "labels", "id"),
        fail("not_free", "price <> 0"),
    ),
)


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Shop]:
    opened = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"quality_log{next(NUMBERS)}")
    opened.sql(
        "INSERT INTO labels VALUES (1, 'north')",
        "INSERT INTO orders (id, status, price) VALUES (1, 'open', 10), (2, 'odd', 5), (3, 'paid', -1)",
        "INSERT INTO orders (id, status, price) VALUES (4, 'paid', 900)",
    )
    yield opened
    opened.engine.dispose()


def catalog() -> Catalog:
    tables = CATALOG.tables | {"orders": Curation(CHECKED, lambda rows: rows, "checked")}
    return Catalog(tables, {MART: transforms.catalog().marts[MART]})


def told(world: Shop, run: pipeline.Run) -> dict[str, tuple[int, int, str]]:
    found = quality_log.of_run(run.lake, run.run_id)
    return {o.check: (o.rows, o.broken, o.status) for o in found if o.table == "orders"}


def test_every_rule_of_every_run_is_told_also_the_one_that_stops_the_table_and_is_a_mart(world: Shop) -> None:
    first = pipeline.start(world.settings, catalog())
    pipeline.ingest(first, "labels")
    pipeline.ingest(first, "orders")

    assert told(world, first) == {
        "id_missing": (4, 0, "passed"),
        "status_unknown": (4, 1, "quarantined"),
        "price_missing": (4, 0, "passed"),
        "updated_at_missing": (4, 0, "passed"),
        "price_not_negative": (4, 1, "quarantined"),
        "cheap": (4, 0, "passed"),  # one of four is dear, and half may be
        "id_known": (4, 1, "warned"),  # 1 is a label, 4 is none; 2 and 3 are in quarantine
        "not_free": (4, 0, "passed"),
    }

    world.sql("UPDATE orders SET price = 0 WHERE id = 4")
    second = pipeline.start(world.settings, catalog())
    with pytest.raises(Terminal, match="1 rows break not_free"):
        pipeline.ingest(second, "orders")
    assert told(world, second)["not_free"] == (1, 1, "failed")

    (record,), states = presentation.build(second, frozenset({MART}))
    rows = delta.read(session.child(world.settings), second.lake, "gold", states[MART], MART)
    assert record.error == ""
    assert {
        tuple(str(r[c]) for c in ("check_name", "rows", "passed", "quarantined", "pass_rate", "threshold", "status"))
        for r in rows.where("passed < rows").collect()
    } == {
        ("status_unknown", "4", "3", "1", "0.750000", "1.000000", "quarantined"),
        ("price_not_negative", "4", "3", "1", "0.750000", "1.000000", "quarantined"),
        ("id_known", "4", "3", "0", "0.750000", "1.000000", "warned"),
        ("not_free", "1", "0", "0", "0.000000", "1.000000", "failed"),
    }
    assert {(str(r["threshold"])) for r in rows.where("check_name = 'cheap'").collect()} == {"0.500000"}
    assert not presentation.pending(second, frozenset({MART}))


def test_a_table_into_which_nothing_came_for_too_long_is_told_though_it_has_nothing_to_do(world: Shop) -> None:
    still = replace(ORDERS, checks=(fresh("updated_at", timedelta(microseconds=1)),))
    strict = replace(ORDERS, checks=(fresh("updated_at", timedelta(microseconds=1), "fail"),))
    lively = replace(ORDERS, checks=(fresh("updated_at", timedelta(days=1)),))

    def looked_at(table: Table) -> TableRecord:
        tables = {"orders": Curation(table, lambda rows: rows, "1")}
        return pipeline.unchanged(pipeline.start(world.settings, Catalog(tables, {})), "orders")

    pipeline.ingest(pipeline.start(world.settings, catalog()), "orders")

    assert looked_at(lively).warned == {}
    assert looked_at(still).warned == {"updated_at_fresh": 1}
    assert not looked_at(strict).balanced
    assert "updated_at_fresh" in looked_at(strict).error
