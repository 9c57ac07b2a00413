"""Runs on ECS, all of it: the stack in moto, a work pool, Prefect's own worker, and an agent that plays ECS."""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.utilities.callables import parameter_schema

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from demo.servers.process import Process, launch, wait_until
from demo.servers.s3 import S3Server
from deployments import pools
from deployments.ecs import pool
from deployments.setup import setup
from lakehouse.settings import Settings
from tests.support import alerts, cloud
from tests.support.ecs_agent import Agent
from tests.support.quick import quick

TAG = "abc"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
PATIENCE = 90
HERE = [{"prefect.deployments.steps.set_working_directory": {"directory": str(cloud.CLONE)}}]


@dataclass(frozen=True)
class Ecs:
    """The played ECS and what stands round it."""

    server: S3Server
    outputs: dict[str, str]
    prefect: PrefectServer
    client: SyncPrefectClient
    agent: Agent
    folder: Path

    @property
    def image(self) -> str:
        """The image that is in the repository."""
        return f"{self.outputs['RepositoryUri']}:{TAG}"

    def start(self, deployment: UUID, parameters: dict[str, Any] | None = None, **variables: Any) -> FlowRun:
        """Starts a run of a deployment, as the UI does."""
        return self.client.create_flow_run_from_deployment(
            deployment, parameters=parameters or {}, job_variables=variables
        )

    def state(self, run: FlowRun) -> tuple[str, str]:
        """Type and message of the state that a run is in."""
        state = self.client.read_flow_run(run.id).state
        assert state is not None
        return state.type.value, state.message or ""

    def finished(self, run: FlowRun, patience: float = PATIENCE) -> tuple[str, str]:
        """The state in which a run ended."""
        wait(lambda: self.state(run)[0] in FINAL, patience, lambda: str(self.state(run)))
        return self.state(run)

    def logs(self, run: FlowRun) -> str:
        """What the run's page shows as its log."""
        chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
        return "\n".join(line.message for line in self.client.read_logs(chosen, limit=200))

    def alerts(self) -> list[dict[str, Any]]:
        """What people have been told since the last look."""
        return alerts.read(self.server)

    def alert(self) -> dict[str, Any]:
        """The one thing that people have been told since the last look, or are told soon: AWS tells Prefect first."""
        found: list[dict[str, Any]] = []

        def told() -> bool:
            found.extend(self.alerts())
            return bool(found)

        wait(told, 30, lambda: "nobody was told")
        (one,) = found
        return one

    def task(self, run: FlowRun, patience: float = PATIENCE) -> str:
        """The task of a run, once its process is there."""
        wait(lambda: self.client.read_flow_run(run.id).infrastructure_pid, patience, lambda: str(self.state(run)))
        arn = self.client.read_flow_run(run.id).infrastructure_pid.partition("::")[2]
        wait(lambda: arn in self.agent.started or arn in self.agent.refused, patience, lambda: arn)
        return arn


def wait(happens: Callable[[], object], seconds: float, told: Callable[[], str]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, told()
        time.sleep(0.2)


@contextmanager
def opened(folder: Path, server: PrefectServer, **parameters: str) -> Iterator[Ecs]:
    """The stack, a filled work pool and the agent; no worker yet."""
    aws = cloud.start(folder)
    try:
        outputs = cloud.create_stack(aws, **parameters)
        cloud.client(aws, "ecr").put_image(
            repositoryName=outputs["Name"], imageManifest=json.dumps(MANIFEST), imageTag=TAG
        )
        alerts.listen(aws, outputs["AlertsTopicArn"])
        with (
            cloud.entered(aws),
            temporary_settings({PREFECT_API_URL: server.api}),
            get_client(sync_client=True) as client,
            Agent(aws, outputs["Name"], folder) as agent,
        ):
            pools.step(client, pools.ECS, cloud.STACK).do()
            yield Ecs(aws, outputs, server, client, agent, folder)
    finally:
        aws.stop()


@contextmanager
def worker(ecs: Ecs) -> Iterator[Process]:
    """Prefect's worker for ECS as a process, with nothing of this process's settings."""
    name = f"ecs-{secrets.token_hex(3)}"
    log = ecs.folder / f"{name}.log"
    program = [sys.executable, "-m", "prefect", "worker", "start", "--name", name, "--pool", pools.ECS.name]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LAKEHOUSE_"))}
    environment = own | cloud.environment(ecs.server) | {
        "HOME": str(ecs.folder), "PREFECT_API_URL": ecs.prefect.api, "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME": ecs.outputs["TaskEventsQueue"],
    }  # fmt: skip
    process = launch([*program, "--type", "ecs", "--no-create-pool-if-not-found"], log, ecs.folder, environment)

    def is_there() -> None:
        known = httpx.post(f"{ecs.prefect.api}/work_pools/{pools.ECS.name}/workers/filter", json={}).json()
        if name not in {one["name"] for one in known}:
            raise ConnectionError("the worker is not there yet")

    wait_until(is_there, process, log)
    try:
        yield process
    finally:
        process.stop(patience=5)


def quick_deployment(ecs: Ecs) -> UUID:
    """A deployment of the flow that does nothing."""
    return ecs.client.create_deployment(
        flow_id=ecs.client.create_flow(quick),
        name="ecs",
        work_pool_name=pools.ECS.name,
        path=".",
        entrypoint="tests/support/quick.py:quick",
        pull_steps=HERE,
        job_variables={"image": ecs.image},
        parameter_openapi_schema=parameter_schema(quick).model_dump_for_openapi(),
    )


def product_deployment(ecs: Ecs, settings: Settings) -> UUID:
    """The deployment `marketplace-prod` as `lakehouse setup` makes it; but its code is that of this clone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", ecs.prefect.api)
        patch.setenv("GIT_SHA", TAG)
        patch.setenv("LAKEHOUSE_IMAGE", ecs.image)
        setup(settings, pools.ECS)
    found = ecs.client.read_deployment_by_name("marketplace/marketplace-prod")
    for deployment in ecs.client.read_deployments():
        for schedule in deployment.schedules:
            ecs.client.update_deployment_schedule(deployment.id, schedule.id, active=False)
    httpx.patch(f"{ecs.prefect.api}/deployments/{found.id}", json={"pull_steps": HERE}).raise_for_status()
    return found.id


def tell(ecs: Ecs, source: MariaDb, warehouse: Postgres) -> None:
    """Puts the servers' own users into the stack's secrets; the servers of tests have no certificate to trust."""
    cloud.tell(ecs.server, ecs.outputs, source, warehouse)
    template = pool.template(ecs.outputs)
    for server in ("SOURCE", "WAREHOUSE"):
        template["variables"]["properties"]["env"]["default"][f"LAKEHOUSE_{server}__TLS"] = "off"
    ecs.client.update_work_pool(pools.ECS.name, WorkPoolUpdate(base_job_template=template))
