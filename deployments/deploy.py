"""The deployments of prefect.yaml on the server; what is gone from the file goes there too."""

from __future__ import annotations

import os
import subprocess
import sys

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.responses import DeploymentResponse

from deployments import wiring
from deployments.steps import Step
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal

DEPLOY_SECONDS = 180


def steps(client: SyncPrefectClient, pool: str, chosen: list[Deployment]) -> list[Step]:
    """One step for each deployment of a work pool, and one for each schedule and deployment of ours that must go."""
    there = _ours(client, pool)
    made = [_step(deployment, is_there=deployment.path in there) for deployment in chosen]
    wanted = {deployment.path: deployment for deployment in chosen}
    gone = [
        Step("remove", f"deployment {path}", lambda found=found: client.delete_deployment(found.id))  # type: ignore[misc]
        for path, found in there.items()
        if path not in wanted
    ]
    stale = [step for path, found in there.items() if path in wanted for step in _stale(client, wanted[path], found)]
    if made:
        made[0] = Step(made[0].verb, made[0].what, lambda: _deploy(chosen))
    return [*made, *stale, *gone]


def _ours(client: SyncPrefectClient, pool: str) -> dict[str, DeploymentResponse]:
    """The deployments that carry our tag, by path; others are nobody's business here."""
    found = client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[wiring.TAG])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    return {f"{client.read_flow(one.flow_id).name}/{one.name}": one for one in found}


def _step(deployment: Deployment, *, is_there: bool) -> Step:
    when = ", ".join(sorted(deployment.schedules)) or "none"
    return Step(
        "update" if is_there else "make",
        f"deployment {deployment.path}: to {deployment.pool}, schedules: {when}",
    )


def _stale(client: SyncPrefectClient, deployment: Deployment, found: DeploymentResponse) -> list[Step]:
    return [
        Step(
            "remove",
            f"deployment {deployment.path}: schedule {schedule.slug or schedule.id}",
            lambda schedule=schedule: client.delete_deployment_schedule(found.id, schedule.id),  # type: ignore[misc]
        )
        for schedule in found.schedules
        if schedule.slug not in deployment.schedules
    ]


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
