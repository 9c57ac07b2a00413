"""Runs whose process dies, is canceled or never begins: Prefect gives their place free, people are told, the next run
brings it all."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling
from pydantic import SecretStr

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import NotEmptyError, generate
from demo.servers import worker
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from demo.servers.stack import Stack
from demo.servers.worker import Worker
from deployments import alerts, automations
from deployments.pools import LOCAL
from deployments.setup import setup
from lakehouse import ledger
from lakehouse.lake import Lake
from lakehouse.settings import Settings, WarehouseSettings
from tests.support.ecs import FINAL, wait
from tests.support.sink import Sink, listening

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
LOG = logging.getLogger(__name__)
RUN_SECONDS = 1200
SILENCE_SECONDS = 70
STOP_SECONDS = 10


@dataclass
class Place:
    """A set-up server, and a worker of its own for each test."""

    client: SyncPrefectClient
    stack: Stack
    folder: Path
    sink: Sink
    workers: list[Worker]

    def worker(self) -> Worker:
        """A worker for runs of the clone."""
        settings = {**self.stack.environment(), "LAKEHOUSE_WAREHOUSE_BLOCK": "warehouse"}
        self.workers.append(worker.start(self.folder, LOCAL.name, self.stack.prefect, settings))
        return self.workers[-1]

    def start(self, name: str = "marketplace-dev", **parameters: object) -> UUID:
        """Starts a run as the UI does."""
        deployment = self.client.read_deployment_by_name(f"marketplace/{name}")
        return self.client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id

    def state(self, run: UUID) -> tuple[str, str]:
        """Type and message of the state that a run is in."""
        state = self.client.read_flow_run(run).state
        return state.type.value, state.message or ""

    def finished(self, run: UUID) -> tuple[str, str]:
        """The state in which a run ended."""
        wait(lambda: self.state(run)[0] in FINAL, RUN_SECONDS, self.log)
        return self.state(run)

    def tables(self, run: UUID) -> list[FlowRun]:
        """The subflows of a run."""
        chosen = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
        return self.client.read_flow_runs(flow_run_filter=chosen)

    def is_at_work(self, run: UUID) -> bool:
        """Whether Spark carries a table of the run."""
        return any(one.state.is_running() for one in self.tables(run)) and bool(javas(self.workers[-1]))

    def log(self) -> str:
        """What the workers and their runs have said, its end."""
        return (self.folder / "worker.log").read_text()[-4000:]

    def converged(self) -> bool:
        """Whether the last run proved everything."""
        report = ledger.newest(Lake(str(self.stack.lake)))
        return not report.errors and all(record.balanced for record in report.tables)


def javas(started: Worker) -> list[int]:
    """The Java processes below a worker."""
    with suppress(psutil.NoSuchProcess):
        below = psutil.Process(started.process.pid).children(recursive=True)
        return [one.pid for one in below if one.is_running() and one.name() == "java"]
    return []


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: PrefectServer,
    source_server: MariaDb,
    warehouse_server: Postgres,
) -> Iterator[Place]:
    """Everything set up; heartbeats as fast as Prefect allows, and silence as short as that allows."""
    folder, target = tmp_path_factory.mktemp("orchestration"), warehouse_server
    with suppress(NotEmptyError):
        generate(admin_of(source_server), 0.02)
    stack = Stack(source_server, warehouse_server, prefect_server, folder / "lake")
    described = WarehouseSettings(
        host=target.host, port=target.port, user=target.user, password=SecretStr(target.password), tls="off"
    )
    with (
        listening() as sink,
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_URL: prefect_server.api}),
        get_client(sync_client=True) as client,
    ):
        patch.setenv("PREFECT_API_URL", prefect_server.api)
        patch.setenv("PREFECT_HOME", str(prefect_server.home))
        patch.setattr(automations, "HEARTBEAT", {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"})
        patch.setattr(automations, "SILENCE", timedelta(seconds=SILENCE_SECONDS))
        patch.setattr(alerts, "LATENESS", timedelta(seconds=10))
        setup(Settings(warehouse=described, alert_webhook=SecretStr(sink.address)), LOCAL)
        yield Place(client, stack, folder, sink, [])


@pytest.fixture(autouse=True)
def no_worker_stays(place: Place) -> Iterator[None]:
    yield
    while place.workers:
        place.workers.pop().stop()


def test_a_late_run_is_told_and_a_run_that_begins_is_not(place: Place) -> None:
    run = place.start(tables=["exchange_rates"])

    wait(lambda: place.sink.texts, 120, lambda: str(place.state(run)))

    name = place.client.read_flow_run(run).name
    assert len(place.sink.texts) == 1
    assert place.sink.texts[0].startswith(f"marketplace {name} has not begun")
    assert str(run) in place.sink.texts[0]
    place.client.delete_flow_run(run)
    place.sink.texts.clear()


def test_a_run_whose_machine_dies_is_crashed_its_place_is_free_and_the_next_run_brings_it_all(place: Place) -> None:
    first = place.worker()
    killed = place.start()
    wait(lambda: place.is_at_work(killed), RUN_SECONDS, place.log)
    waiting = place.start()

    for process in [*psutil.Process(first.process.pid).children(recursive=True), psutil.Process(first.process.pid)]:
        os.kill(process.pid, signal.SIGKILL)
    place.worker()
    began = time.monotonic()

    assert place.state(killed)[0] == "RUNNING", "nobody but the automation can know"
    wait(lambda: place.state(killed)[0] != "RUNNING", SILENCE_SECONDS + 60, lambda: str(place.state(waiting)))
    LOG.info("crashed after %.0f s of silence", time.monotonic() - began)
    assert place.state(killed) == ("CRASHED", "no heartbeat: its process is gone")
    assert place.finished(waiting) == ("COMPLETED", "done"), place.log()
    assert place.client.read_flow_run(waiting).start_time > place.client.read_flow_run(killed).end_time
    assert place.converged()
    wait(lambda: all(one.state.is_final() for one in place.tables(killed)), SILENCE_SECONDS + 60, place.log)
    wait(lambda: any("Crashed: no heartbeat" in text for text in place.sink.texts), 30, lambda: str(place.sink.texts))


def test_a_run_that_is_canceled_in_the_ui_stops_spark_at_once_and_the_next_run_brings_it_all(place: Place) -> None:
    started = place.worker()
    canceled = place.start(mode="full")
    wait(lambda: place.is_at_work(canceled), RUN_SECONDS, place.log)
    began = time.monotonic()

    place.client.set_flow_run_state(canceled, Cancelling())
    wait(lambda: not javas(started), 120, place.log)
    seconds = time.monotonic() - began

    LOG.info("no Java after %.1f s", seconds)
    assert place.finished(canceled)[0] == "CANCELLED"
    assert seconds < STOP_SECONDS
    assert place.finished(place.start())[0] == "COMPLETED", place.log()
    assert place.finished(place.start("nightly-reconcile-dev"))[0] == "COMPLETED", place.log()
    assert place.converged()
