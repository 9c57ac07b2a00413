"""Prefect made ready for a work pool: block, pool, deployments and schedules; twice is once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type as template_of

from deployments import wiring
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings
from tasks import blocks

LOCAL = "local"
BLOCK = "warehouse"
POOL_TYPES = {LOCAL: "process", "ecs": "ecs"}
DEPLOY_SECONDS = 120


def setup(settings: Settings, pool: str = LOCAL) -> list[str]:
    """Makes Prefect ready to run the deployments of a work pool; tells what was done.

    Raises:
        Terminal: No server answers, something that prefect.yaml needs is not set, or Prefect refused it.
    """
    chosen = wiring.deployments(pool)
    wiring.refuse_missing_variables(chosen)
    with _server() as client:
        done = [_block(settings), _pool(client, pool)]
        _deploy(chosen)
        return done + [line for deployment in chosen for line in _deployed(client, deployment)]


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    address = PREFECT_API_URL.value()
    if not address:
        raise Terminal("no Prefect server is named; set PREFECT_API_URL")
    with get_client(sync_client=True) as client:
        try:
            client.hello().raise_for_status()
        except httpx.HTTPError as error:
            raise Terminal(
                f"no Prefect server answers at {address} ({type(error).__name__}); check PREFECT_API_URL"
            ) from None
        yield client


def _block(settings: Settings) -> str:
    """A block that somebody filled in the UI is not written over by settings that say nothing of a warehouse."""
    blocks.Warehouse.register_type_and_schema()
    name = settings.warehouse_block or BLOCK
    if "warehouse" not in settings.model_fields_set:
        return f"block {name}: left as it is, LAKEHOUSE_WAREHOUSE__* are not set"
    if settings.warehouse.secret is not None:
        return f"block {name}: not needed, runs read LAKEHOUSE_WAREHOUSE__SECRET; its password stays out of Prefect"
    blocks.from_settings(settings).save(name, overwrite=True)
    return f"block {name}: saved; runs use it with LAKEHOUSE_WAREHOUSE_BLOCK={name}"


def _pool(client: SyncPrefectClient, name: str) -> str:
    try:
        found = client.read_work_pool(name)
    except ObjectNotFound:
        kind = POOL_TYPES[name]
        template = asyncio.run(template_of(kind))
        client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=template or {}))
        return f"work pool {name}: made, type {kind}"
    if found.type != POOL_TYPES[name]:
        raise Terminal(
            f"work pool {name} is of type {found.type}, not {POOL_TYPES[name]}; delete it, then set up again"
        )
    return f"work pool {name}: is there, type {found.type}"


def _deploy(chosen: list[Deployment]) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--prefect-file", str(wiring.FILE)]
    for deployment in chosen:
        command += ["--name", deployment.name]
    folder = wiring.FILE.parent
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env={**os.environ, "PWD": str(folder)},
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Terminal(f"prefect deploy failed: {(done.stdout + done.stderr).strip()[-800:]}")


def _deployed(client: SyncPrefectClient, deployment: Deployment) -> list[str]:
    found = client.read_deployment_by_name(deployment.path)
    gone = [schedule for schedule in found.schedules if schedule.slug not in deployment.schedules]
    for schedule in gone:
        client.delete_deployment_schedule(found.id, schedule.id)
    when = ", ".join(sorted(deployment.schedules)) or "none"
    return [
        f"deployment {deployment.path}: deployed to {deployment.pool}, schedules: {when}",
        *(f"deployment {deployment.path}: schedule {s.slug or s.id} removed" for s in gone),
    ]
