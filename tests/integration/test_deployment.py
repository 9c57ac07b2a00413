"""Runs from the Prefect UI: everything is there after `make up`, and nothing after `make down`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings

from demo.servers import stack
from lakehouse import settings
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
    assert "marketplace/marketplace-dev" in told
    assert {n for n in first.environment() if n.startswith(settings.PREFIX)} <= set(settings.names())
    assert [f for f in (folder / "env", folder / stack.STATE) if f.stat().st_mode & 0o077] == []

    with temporary_settings({PREFECT_API_URL: first.prefect.api}), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("marketplace/marketplace-dev").id
        with pytest.raises(PrefectHTTPStatusError, match="'bogus' is not one of"):
            client.create_flow_run_from_deployment(deployment, parameters={"mode": "bogus"})
        run = client.create_flow_run_from_deployment(deployment, parameters={"tables": ["exchange_rates"]})
        assert finished(client, run.id) == ("COMPLETED", "done")
        shown = {a.key: a for a in client.read_artifacts() if a.flow_run_id == run.id}
    (row,) = json.loads(shown["certificate"].data)
    assert row["counted at source"] == row["staged"] == row["appended"] == row["silver"] + row["quarantine"] > 0
    assert row["source = bronze"] and row["bronze = silver + quarantine"]
    assert "safe horizon" in shown["certificate"].description
    assert (shown["progress"].data, shown["progress"].description) == (100.0, "1 of 1 tables")
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
