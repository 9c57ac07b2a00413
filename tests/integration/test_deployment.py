"""Runs from the Prefect UI: everything is there after `make up`, and nothing after `make down`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from demo.servers import stack
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from deployments.setup import setup
from lakehouse import settings
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings, WarehouseSettings
from tasks.blocks import Warehouse
from tests.integration.test_servers import CLONE, house_rules, listens, processes_that_name

SCALE = "0.02"
RUN_SECONDS = 150
IMAGE = "registry.example/lakehouse:abc"
PROD = "marketplace/prod"


def demo(command: str, folder: Path) -> str:
    """Runs `python -m demo.<command>` in a folder, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", f"demo.{command}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CLONE), "DEMO_SCALE": SCALE},
        capture_output=True,
        text=True,
        timeout=400,
        check=True,
    ).stdout


def finished(client: SyncPrefectClient, run: UUID) -> tuple[str, str]:
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        state = client.read_flow_run(run).state
        if state.is_final():
            return state.type.value, state.message
        time.sleep(0.5)
    raise AssertionError(f"the run is still {state.name}")


def test_a_run_started_from_the_ui_completes_after_up_and_down_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".demo"
    before = house_rules(folder, CLONE / "demo", Path(sys.executable))

    demo("up", tmp_path)
    first = stack.running(folder)
    told = demo("up", tmp_path)

    assert first is not None
    assert stack.running(folder) == first
    assert first.worker is not None
    servers = (first.source, first.warehouse, first.prefect)
    assert all(listens(server.port) for server in servers)
    assert all(line in told for line in (folder / "env").read_text().splitlines())
    assert first.prefect.url in told
    assert "marketplace/local" in told
    assert {n for n in first.environment() if n.startswith(settings.PREFIX)} <= set(settings.names())
    assert [f for f in (folder / "env", folder / stack.STATE) if f.stat().st_mode & 0o077] == []

    with temporary_settings({PREFECT_API_URL: first.prefect.api}), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("marketplace/local").id
        with pytest.raises(PrefectHTTPStatusError, match="'bogus' is not one of"):
            client.create_flow_run_from_deployment(deployment, parameters={"mode": "bogus"})
        run = client.create_flow_run_from_deployment(deployment, parameters={"tables": ["exchange_rates"]})
        assert finished(client, run.id) == ("COMPLETED", "done")
        shown = {a.key: a for a in client.read_artifacts() if a.flow_run_id == run.id}
    (row,) = json.loads(shown["certificate"].data)
    assert row["counted at source"] == row["staged"] == row["appended"] == row["silver"] + row["quarantine"] > 0
    assert row["source = bronze"] and row["bronze = silver + quarantine"]
    assert "safe horizon" in shown["certificate"].description
    assert (first.lake / "curated" / "exchange_rates" / "_delta_log").is_dir()

    descendants = [first.worker.process.pid, *(p.pid for p in psutil.Process(first.worker.process.pid).children(True))]
    demo("down", tmp_path)

    assert not any(server.process.alive() for server in (*servers, first.worker))
    assert not any(listens(server.port) for server in servers)
    assert [pid for pid in descendants if psutil.pid_exists(pid)] == []
    assert processes_that_name(folder) == []
    assert list(tmp_path.iterdir()) == []
    assert not first.warehouse.home.exists()
    assert house_rules(folder, CLONE / "demo", Path(sys.executable)) == before


@pytest.fixture
def client(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    """The server as this process and those it starts see it."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.api)
    monkeypatch.setenv("PREFECT_HOME", str(prefect_server.home))
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def described(warehouse_server: Postgres) -> Settings:
    """Settings that say where the warehouse is."""
    target = warehouse_server
    return Settings(
        warehouse=WarehouseSettings(
            host=target.host, port=target.port, user=target.user, password=SecretStr(target.password)
        )
    )


def test_set_up_twice_is_once_and_schedules_that_are_gone_from_the_file_disappear(
    client: SyncPrefectClient, described: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SHA", "abc")
    monkeypatch.setenv("LAKEHOUSE_IMAGE", IMAGE)
    setup(described, "ecs")
    first = client.read_deployment_by_name(PROD)
    old = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="UTC"), slug="nightly")
    client.create_deployment_schedules(first.id, [old])
    hourly = next(s for s in first.schedules if s.slug == "hourly")
    client.update_deployment_schedule(first.id, hourly.id, active=False)

    told = setup(described, "ecs")

    second = client.read_deployment_by_name(PROD)
    assert second.id == first.id
    assert sorted((s.slug, s.schedule.cron, s.schedule.timezone, s.active) for s in second.schedules) == [
        ("hourly", "0 * * * *", "UTC", False),
        ("reconcile", "30 3 * * *", "UTC", True),
    ]
    assert f"deployment {PROD}: schedule nightly removed" in told
    assert (second.version, second.work_pool_name, second.job_variables) == (
        "abc", "ecs", {"image": IMAGE, "cpu": 2048, "memory": 4096},
    )  # fmt: skip
    assert second.global_concurrency_limit.limit == 1
    assert client.read_work_pool("ecs").type == "ecs"
    assert Warehouse.load("warehouse").engine().connect().exec_driver_sql("SELECT 1").scalar() == 1
    assert described.warehouse.password.get_secret_value() not in " ".join(told)


def test_a_block_that_somebody_filled_is_not_written_over_by_silence(
    client: SyncPrefectClient, described: Settings, warehouse_server: Postgres
) -> None:
    setup(described)

    told = setup(Settings(warehouse_block="warehouse"))

    assert told[0] == "block warehouse: left as it is, LAKEHOUSE_WAREHOUSE__* are not set"
    assert Warehouse.load("warehouse").connection.connection_info.port == warehouse_server.port


def test_a_work_pool_of_another_type_is_told_before_anything_is_deployed(
    client: SyncPrefectClient, described: Settings
) -> None:
    client.delete_work_pool("local") if "local" in [p.name for p in client.read_work_pools()] else None
    client.create_work_pool(WorkPoolCreate(name="local", type="docker"))
    try:
        with pytest.raises(Terminal, match="work pool local is of type docker, not process; delete it"):
            setup(described)
    finally:
        client.delete_work_pool("local")


def test_no_server_gives_one_clear_line(described: Settings) -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        pytest.raises(Terminal, match=r"no Prefect server answers at http://127.0.0.1:1/api .*; check PREFECT_API_URL"),
    ):
        setup(described)
    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(Terminal, match="set PREFECT_API_URL"):
        setup(described)
