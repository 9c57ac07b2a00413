"""A run as Glue jobs, each a process on Glue's Spark: the tables are those of a Prefect run of that source."""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

import transforms
from demo.marketplace.admin import admin_of
from demo.marketplace.evolve import evolve
from demo.marketplace.generate import generate
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.s3 import S3Server
from lakehouse import ledger
from lakehouse.handover import Handover
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport
from tests.support import cloud, command
from tests.support import glue as played_glue
from tests.support.contents import contents
from tests.support.glue import BUCKET, Ended, Glue

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
SCALE = 0.02
GRACE = 5
CATALOG = transforms.catalog()
Contents = dict[str, tuple[int, str]]


@dataclass
class Played:
    """What happened: the jobs in order, and what the lakes held after each day."""

    glue: Glue
    lake: Lake
    ended: dict[str, Ended] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    by_glue: dict[str, Contents] = field(default_factory=dict)
    by_prefect: dict[str, Contents] = field(default_factory=dict)
    reports: dict[str, RunReport] = field(default_factory=dict)
    tries: dict[str, tuple[Ended, object, object]] = field(default_factory=dict)

    def job(self, name: str, *arguments: str) -> None:
        """A job that must succeed."""
        began = time.monotonic()
        found = self.glue.job(*arguments)
        self.seconds[name], self.ended[name] = time.monotonic() - began, found
        assert found.code == 0, f"{name}: {found.output[-2000:]} {found.errors[-3000:]}"

    def again(self, name: str, part: str, *arguments: str) -> None:
        """A job that is run a second time; keeps what stands in the lake before and after."""
        key = f"_runs/day1/{part}.json"
        before = (self.lake.get(key), len(ledger.reports(self.lake)))
        found = self.glue.job(*arguments)
        self.tries[name] = found, before, (self.lake.get(key), len(ledger.reports(self.lake)))

    def look(self, day: str) -> None:
        """Keeps what the lake holds."""
        self.by_glue[day] = contents(self.lake)
        found = ledger.newest(self.lake)
        assert found is not None
        self.reports[day] = found


def reference(folder: Path, source: MariaDb, as_of: str) -> Contents:
    """The same by the Prefect flow on the project's own Spark, into a lake on the disk."""
    environment = {
        **os.environ, "LAKEHOUSE_LAKE": str(folder / "reference"), "LAKEHOUSE_SOURCE__HOST": source.host,
        "LAKEHOUSE_SOURCE__PORT": str(source.port), "LAKEHOUSE_SOURCE__USER": source.user,
        "LAKEHOUSE_SOURCE__PASSWORD": source.password, "LAKEHOUSE_SOURCE__TLS": "off",
        "PREFECT_HOME": str(folder / "prefect"),
    }  # fmt: skip
    command.run("--as-of", as_of, folder=folder, environment=environment, within=1500)
    return contents(Lake(str(folder / "reference")))


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory, aws: S3Server, source_server: MariaDb, warehouse_server: Postgres
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("glue")
    generate(admin_of(source_server), SCALE)
    with cloud.entered(aws):
        found = Played(played_glue.opened(folder, aws, source_server, warehouse_server), Lake(f"s3://{BUCKET}/lake"))
        as_of = datetime.now(UTC).date().isoformat()
        time.sleep(GRACE)
        run = ("--run-id", "day1")
        found.job("plan", *run, "--plan", "true", "--as-of", as_of, "--mode", "incremental", "--since", "")
        plan = Handover(found.lake, "day1").plan()
        assert plan is not None
        for table in plan.todo:
            found.job(table, *run, "--table", table)
        for step in ("marts", "publish", "reconcile", "summary"):
            found.job(step, *run, f"--{step}", "true")
        found.look("first")
        found.again("plan", "plan", *run, "--plan", "true", "--as-of", as_of)
        found.again("table", "table-bookings", *run, "--table", "bookings")
        found.again("summary", "report", *run, "--summary", "true")
        found.by_prefect["first"] = reference(folder, source_server, as_of)
        evolve(admin_of(source_server))
        time.sleep(GRACE)
        found.job("day", "--whole", "true", "--run-id", "day2", "--as-of", as_of)
        found.look("day")
        found.by_prefect["day"] = reference(folder, source_server, as_of)
        yield found


@pytest.mark.parametrize("day", ["first", "day"])
def test_every_table_of_every_layer_is_that_of_a_prefect_run_of_the_same_source(played: Played, day: str) -> None:
    assert played.by_glue[day] == played.by_prefect[day]
    assert {name for name in played.by_glue[day] if name.startswith(("silver/", "gold/"))} >= {
        *(f"silver/{table}" for table in CATALOG.tables), "gold/popular_locations_weekly",
    }  # fmt: skip


def test_another_day_has_other_checksums(played: Played) -> None:
    first, day = played.by_glue["first"], played.by_glue["day"]
    changed = {name.partition("/")[0] for name in day if first.get(name) != day[name]}
    assert changed >= {"bronze", "silver", "history", "derived", "gold", "quarantine"}


@pytest.mark.parametrize("day", ["first", "day"])
def test_the_ledger_says_that_every_row_is_accounted_for(played: Played, day: str) -> None:
    report = played.reports[day]
    assert (report.run_id, report.outcome, report.errors) == ({"first": "day1", "day": "day2"}[day], "done", [])
    assert {table.name for table in report.tables} == set(CATALOG.tables)
    rebuilt = [mart for mart in report.marts if mart.status == "rebuilt"]
    assert rebuilt and all(mart.warehouse_equals_gold for mart in rebuilt)
    assert report.release == {"first": 1, "day": 2}[day]


@pytest.mark.parametrize("name", ["plan", "table", "summary"])
def test_a_job_that_is_run_again_leaves_the_same(played: Played, name: str) -> None:
    ended, before, after = played.tries[name]
    assert ended.code == 0, ended.errors[-2000:]
    assert before == after
    assert before[0] is not None


def test_figures_of_the_jobs(played: Played) -> None:
    sys.stdout.write(json.dumps({name: round(seconds) for name, seconds in played.seconds.items()}))
    assert set(played.seconds) >= {"plan", "marts", "publish", "reconcile", "summary", "day"}
