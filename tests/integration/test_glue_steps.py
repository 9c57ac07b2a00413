"""The steps of a run as jobs that know each other by the lake only: whatever befalls one, the others stay right."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from deployments.glue.steps import Job
from lakehouse import ledger, pipeline, presentation
from lakehouse.contracts import Terminal, Transient
from lakehouse.handover import Asked
from lakehouse.ledger import TableRecord
from lakehouse.settings import WarehouseSettings
from lakehouse.warehouse import release as releases
from tests.support import shop
from tests.support.shop import CATALOG, Shop

NUMBERS = itertools.count()
ASKED = Asked(as_of=date(2026, 11, 1))


@dataclass
class Site:
    """A shop, and jobs on it that share nothing in memory."""

    shop: Shop

    def job(self, run_id: str = "r1") -> Job:
        """A job of a run, as a process of its own would have it."""
        return Job(self.shop.settings, CATALOG, run_id)

    def run(self, run_id: str) -> ledger.RunReport:
        """All jobs of a run, one after the other."""
        for table in self.job(run_id).plan(ASKED).todo:
            self.job(run_id).table(table)
        self.job(run_id).marts()
        self.job(run_id).publish()
        self.job(run_id).reconcile()
        return self.job(run_id).summary()

    def served(self) -> list[tuple]:
        """The mart as the warehouse serves it."""
        with self.shop.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT label, orders FROM presentation.revenue").fetchall()
        return sorted((str(label), orders) for label, orders in rows)


@pytest.fixture
def site(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Site]:
    opened = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"glue{next(NUMBERS)}")
    target = WarehouseSettings(
        host=warehouse_server.host, port=warehouse_server.port, user=warehouse_server.user,
        password=warehouse_server.password, database="warehouse", tls="off",
    )  # fmt: skip
    settings = opened.settings.model_copy(update={"warehouse": target, "mirrors": "none"})
    opened = replace(opened, settings=settings)
    opened.sql(
        "INSERT INTO orders (id, status, price) VALUES (1, 'open', 10), (2, 'paid', 0.5), (3, 'paid', 7)",
        "INSERT INTO labels VALUES (1, 'north'), (2, 'south')",
    )
    yield Site(opened)
    opened.engine.dispose()


def test_jobs_one_after_the_other_make_a_run_whose_every_row_is_proven(site: Site) -> None:
    report = site.run("r1")

    assert (report.run_id, report.as_of, report.outcome, report.release, report.errors) == (
        "r1", "2026-11-01", "done", 1, [],
    )  # fmt: skip
    assert [mart.warehouse_equals_gold for mart in report.marts] == [True]
    assert site.served() == [("None", 1), ("north", 1), ("south", 1)]
    assert ledger.newest(site.job().handover.lake, "r1") == report == site.job().handover.report()


def test_a_run_that_finds_nothing_to_do_says_so_and_builds_nothing(site: Site) -> None:
    site.run("r1")
    report = site.run("r2")
    assert (report.outcome, report.release, report.used_jvm, report.marts) == ("nothing to do", 0, False, ())
    assert releases.serving(site.shop.engine).release == 1


def test_every_job_that_is_run_again_leaves_what_it_left(site: Site) -> None:
    report = site.run("r1")
    site.shop.sql("UPDATE labels SET label = 'east' WHERE id = 2")

    assert site.run("r1") == report, "what has changed since is for another run"

    assert len(ledger.reports(site.job().handover.lake)) == 1
    assert site.served() == [("None", 1), ("north", 1), ("south", 1)]
    site.run("r2")
    assert site.served() == [("None", 1), ("east", 1), ("north", 1)]


def test_a_table_that_fails_holds_its_marts_back_and_no_other_table(site: Site) -> None:
    site.run("r1")
    site.shop.sql("UPDATE labels SET label = 'east' WHERE id = 2", "UPDATE orders SET price = 9 WHERE id = 1")
    plan = site.job("r2").plan(ASKED)
    assert plan.todo == ("labels", "orders")
    site.shop.sql("ALTER TABLE orders DROP COLUMN note")

    site.job("r2").table("labels")
    with pytest.raises(Terminal, match=r"orders\.note is missing"):
        site.job("r2").table("orders")
    site.job("r2").marts()
    site.job("r2").publish()
    with pytest.raises(Terminal, match=r"orders: .*note is missing.*revenue: not rebuilt: orders unproven"):
        site.job("r2").summary()

    found = site.job("r2").handover.report()
    assert found is not None
    assert {t.name: t.balanced for t in found.tables} == {"labels": True, "orders": False}
    assert [(m.name, m.status) for m in found.marts] == [("revenue", "kept")]
    assert site.served() == [("None", 1), ("north", 1), ("south", 1)], "the last whole version is served on"
    site.shop.sql("ALTER TABLE orders ADD COLUMN note TEXT")
    assert site.run("r3").errors == []
    assert site.served() == [("None", 1), ("east", 1), ("north", 1)]


def test_a_table_whose_job_was_killed_is_broken_and_the_next_run_brings_it(site: Site) -> None:
    site.job().plan(ASKED)
    site.job().table("labels")
    site.job().marts()
    site.job().publish()
    with pytest.raises(Terminal, match="orders: its job left no record"):
        site.job().summary()
    assert site.run("r2").errors == []


def test_marts_and_release_whose_jobs_were_killed_are_in_the_record(site: Site) -> None:
    for table in site.job().plan(ASKED).todo:
        site.job().table(table)
    with pytest.raises(Terminal, match="run r1 has no marts to release"):
        site.job().publish()
    with pytest.raises(Terminal, match="marts: its job left no record"):
        site.job().summary()


def test_a_transient_failure_is_tried_again_and_its_record_is_written_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.job().plan(ASKED)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "ingest", _lost)
        with pytest.raises(Transient):
            site.job().table("orders")
    kept = site.job().handover.table("orders")
    assert kept is not None and (kept.status, kept.error) == ("failed", "the source was lost")

    assert site.job().table("orders").balanced
    site.job().table("labels")
    with monkeypatch.context() as patch:
        patch.setattr(presentation, "publish", _lost)
        site.job().marts()
        with pytest.raises(Transient):
            site.job().publish()
    site.job().publish()
    assert site.job().summary().errors == []


def _lost(*_: object) -> TableRecord:
    raise Transient("the source was lost")


def test_a_run_id_is_planned_once_and_for_one_thing(site: Site) -> None:
    first = site.job().plan(ASKED)
    site.shop.sql("DELETE FROM labels")
    assert site.job().plan(ASKED) == first
    with pytest.raises(Terminal, match="run r1 is planned already, for something else"):
        site.job().plan(replace(ASKED, mode="full"))
    with pytest.raises(Terminal, match="there is no table order; do you mean orders"):
        site.job("r2").plan(replace(ASKED, tables=("order",)))
    assert site.job("r2").handover.plan() is None
    assert site.job().handover.lake.open("bronze", "orders") is None


def test_a_whole_run_in_one_process_is_the_same_run(site: Site) -> None:
    report = site.job("w1").whole(ASKED)
    assert (report.errors, report.release, report.outcome) == ([], 1, "done")
    assert site.served() == [("None", 1), ("north", 1), ("south", 1)]
    site.shop.sql("ALTER TABLE orders DROP COLUMN note", "INSERT INTO labels VALUES (3, 'west')")
    with pytest.raises(Terminal, match=r"orders: .*note is missing"):
        site.job("w2").whole(ASKED)
    assert ledger.newest(site.job().handover.lake, "w2") is not None


def test_a_run_that_is_not_to_publish_leaves_the_warehouse_alone(site: Site) -> None:
    report = site.job().whole(replace(ASKED, publish=False))
    assert (report.errors, report.release, [m.warehouse_equals_gold for m in report.marts]) == ([], 0, [None])
    assert releases.serving(site.shop.engine).release == 0


def test_a_mart_that_somebody_altered_is_found_by_reconcile(site: Site) -> None:
    site.run("r1")
    site.job().reconcile()
    with site.shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE presentation.revenue SET orders = 99 WHERE label = 'north'")
    with pytest.raises(Terminal, match=r"the warehouse is not what the lake is: revenue \(served\)"):
        site.job().reconcile()


def test_a_warehouse_that_is_behind_another_run_is_worth_another_look(site: Site) -> None:
    site.run("r1")
    site.shop.sql("UPDATE labels SET label = 'east' WHERE id = 2")
    for table in site.job("r2").plan(ASKED).todo:
        site.job("r2").table(table)
    site.job("r2").marts()
    with pytest.raises(Transient, match=r"behind the lake, another run may be at it: revenue"):
        site.job("r1").reconcile()
    site.job("r2").publish()
    site.job("r1").reconcile()
