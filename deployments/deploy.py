"""The deployments of prefect.yaml on the server; what is gone from the file goes there too."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, WorkPoolFilter, WorkPoolFilterName
from prefect.client.schemas.responses import DeploymentResponse

from deployments import wiring
from deployments.steps import Step
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal

DEPLOY_SECONDS = 180


def steps(client: SyncPrefectClient, pool: str, chosen: list[Deployment]) -> list[Step]:
    """All deployments of a work pool in one go, and a step for each schedule and deployment of ours that must go."""
    there, wanted = _ours(client, pool), {deployment.path: deployment for deployment in chosen}
    told = [_told(deployment, is_there=deployment.path in there) for deployment in chosen]
    told[-1] = replace(told[-1], do=partial(_deploy, chosen))
    stale = [step for path in wanted.keys() & there for step in _stale(client, wanted[path], there[path])]
    gone = [
        Step("remove", f"deployment {path}", partial(client.delete_deployment, there[path].id))
        for path in sorted(there.keys() - wanted)
    ]
    return [*told, *stale, *gone]


def _ours(client: SyncPrefectClient, pool: str) -> dict[str, DeploymentResponse]:
    """The deployments that carry our tag, by path; others are nobody's business here."""
    found = client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[wiring.TAG])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    return {f"{client.read_flow(one.flow_id).name}/{one.name}": one for one in found}


def _told(deployment: Deployment, *, is_there: bool) -> Step:
    when = ", ".join(sorted(deployment.schedules)) or "none"
    what = f"deployment {deployment.path}: to {deployment.pool}, schedules: {when}"
    return Step("update" if is_there else "make", what)


def _stale(client: SyncPrefectClient, deployment: Deployment, found: DeploymentResponse) -> list[Step]:
    return [
        Step(
            "remove",
            f"deployment {deployment.path}: schedule {schedule.slug or schedule.id}",
            partial(client.delete_deployment_schedule, found.id, schedule.id),
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
