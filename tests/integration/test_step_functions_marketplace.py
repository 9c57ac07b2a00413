"""The real job under the state machine: two executions at once make what a Prefect run makes; then a table fails.

All on two tables, of which one mart reads both and one reads one; each job run is a process with a Spark of its own.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from deployments.glue import artifacts
from lakehouse.handover import Handover
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport
from tests.support import cloud, command
from tests.support.contents import contents
from tests.support.steps import Steps, opened, play

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
SCALE, GRACE, PATIENCE = 0.02, 5, 1200
TABLES = ("apartment_attributes", "bookings")
BY_BOTH, BY_ONE = "average_booking_duration_weekly", "repeat_customer_rate_daily"
SETTINGS = {
    "LAKEHOUSE_SPARK__MASTER": "local[2]", "LAKEHOUSE_SPARK__READER": "connectorx",
    "LAKEHOUSE_SPARK__DRIVER_MEMORY": "900m", "LAKEHOUSE_SOURCE__TLS": "off", "LAKEHOUSE_WAREHOUSE__TLS": "off",
}  # fmt: skip
Contents = dict[str, tuple[int, str]]


@dataclass
class Played:
    """What happened, in the order of the days."""

    steps: Steps
    source: MariaDb
    folder: Path
    as_of: str
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_steps: dict[str, Contents] = field(default_factory=dict)
    by_prefect: dict[str, Contents] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        """The lake of the stack."""
        return Lake(self.steps.outputs["LakeUri"])

    def run(self, day: str, *names: str) -> None:
        """Executions at once, to their ends; keeps what the lake holds then."""
        time.sleep(GRACE)
        asked = {"tables": TABLES, "as_of": self.as_of}
        arns = {name: self.steps.start(name, **asked) for name in names}
        self.ended |= {name: self.steps.ended(arn, PATIENCE) for name, arn in arns.items()}
        self.by_steps[day] = contents(self.lake)

    def reference(self, day: str) -> None:
        """The same source by the Prefect flow, into a lake on the disk."""
        key = cloud.client(self.steps.server, "secretsmanager").get_secret_value(
            SecretId=self.steps.outputs["PrivacyKeyArn"]
        )
        own = {name: value for name, value in os.environ.items() if not name.startswith("LAKEHOUSE_")}
        lake = str(self.folder / "reference")
        environment = own | SETTINGS | {
            "LAKEHOUSE_LAKE": lake, "LAKEHOUSE_SOURCE__HOST": self.source.host,
            "LAKEHOUSE_SOURCE__PORT": str(self.source.port), "LAKEHOUSE_SOURCE__USER": self.source.user,
            "LAKEHOUSE_SOURCE__PASSWORD": self.source.password, "LAKEHOUSE_PRIVACY__KEY": key["SecretString"],
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
        }  # fmt: skip
        only = [word for table in TABLES for word in ("--table", table)]
        command.run("--as-of", self.as_of, *only, folder=self.folder, environment=environment, within=PATIENCE)
        self.by_prefect[day] = contents(Lake(lake))

    def report(self, name: str) -> RunReport:
        """The record that the summary of an execution has left."""
        found = Handover(self.lake, name).report()
        assert found is not None
        return found


def outcome(ended: dict[str, Any]) -> tuple[str, str]:
    """How an execution ended, with the error of the job run that ended it."""
    return ended["status"], json.loads(ended["cause"])["ErrorMessage"] if "cause" in ended else ""


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory, source_server: MariaDb, warehouse_server: Postgres
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("steps")
    generate(admin_of(source_server), SCALE)
    with opened(
        folder, SourceHost=source_server.host, SourcePort=str(source_server.port), SourceDatabase=mariadb.DATABASE,
        WarehouseHost=warehouse_server.host, WarehousePort=str(warehouse_server.port), WarehouseDatabase="warehouse",
    ) as steps, cloud.entered(steps.server):  # fmt: skip
        cloud.tell(steps.server, steps.outputs, source_server, warehouse_server)
        play(steps, artifacts.HERE / "job.py", **SETTINGS)
        yield Played(steps, source_server, folder, datetime.now(UTC).date().isoformat())


@pytest.fixture(scope="module")
def first(played: Played) -> Played:
    """Two executions at once load everything, each unaware of the other."""
    played.run("first", "left", "right")
    played.reference("first")
    return played


@pytest.fixture(scope="module")
def broken(first: Played) -> Played:
    """Every listing has lost its size, which is more dirt than the table declares; bookings go on."""
    with admin_of(first.source).connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE sizes AS SELECT id, square_feet FROM apartment_attributes")
        cursor.execute("UPDATE apartment_attributes SET square_feet = -1")
        cursor.execute("UPDATE bookings SET booking_status = 'canceled' WHERE booking_id % 7 = 0")
        connection.commit()
    first.run("broken", "broken")
    with admin_of(first.source).connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE apartment_attributes a JOIN sizes s USING (id) SET a.square_feet = s.square_feet")
        cursor.execute("DROP TABLE sizes")
        connection.commit()
    return first


def test_two_executions_at_once_both_end_well(first: Played) -> None:
    assert {name: outcome(ended) for name, ended in first.ended.items()} == {
        "left": ("SUCCEEDED", ""), "right": ("SUCCEEDED", ""),
    }  # fmt: skip
    left, right = (first.steps.runs(name) for name in ("left", "right"))
    assert left[0]["StartedOn"] < right[-1]["CompletedOn"]
    assert right[0]["StartedOn"] < left[-1]["CompletedOn"]
    assert [first.report(name).errors for name in ("left", "right")] == [[], []]
    assert first.steps.told("left") + first.steps.told("right") == []


def test_tables_and_marts_are_those_of_a_prefect_run_and_no_row_is_lost_or_doubled(first: Played) -> None:
    assert {f"gold/{BY_BOTH}", f"gold/{BY_ONE}", "silver/bookings", "bronze/bookings"} <= set(first.by_steps["first"])
    assert first.by_steps["first"] == first.by_prefect["first"]


def test_a_table_that_fails_stops_no_other_and_keeps_the_marts_that_read_it(broken: Played) -> None:
    before, after = broken.by_steps["first"], broken.by_steps["broken"]

    changed = {name for name in after if after[name] != before.get(name)}
    assert {"silver/bookings", f"gold/{BY_ONE}"} <= changed
    assert not {"silver/apartment_attributes", f"gold/{BY_BOTH}"} & changed
    status = {record.name: record.status for record in broken.report("broken").marts}
    assert status[BY_BOTH] == "kept"
    assert status[BY_ONE] != "kept"


def test_a_table_that_fails_fails_the_execution_and_people_are_told_which(broken: Played) -> None:
    status, error = outcome(broken.ended["broken"])
    assert status == "FAILED"
    assert "Terminal: " in error
    assert "apartment_attributes" in error
    runs = [run for run in broken.steps.runs("broken") if run["Arguments"].get("--table") == "apartment_attributes"]
    assert [run["JobRunState"] for run in runs] == ["FAILED"]
    (told,) = broken.steps.told("broken")
    assert "apartment_attributes" in told["cause"]
