"""The work pools: where runs take place, how many at once, and what they are told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type as template_of

from deployments import automations, stacks
from deployments.ecs import pool as ecs
from deployments.steps import Step
from lakehouse.contracts import Terminal


@dataclass(frozen=True)
class Target:
    """Where runs take place; the work pool has its name."""

    name: str
    type: str
    runs_at_once: int


LOCAL = Target("local", "process", 1)
ECS = Target("ecs", "ecs", 4)
TARGETS = {target.name: target for target in (LOCAL, ECS)}


def step(client: SyncPrefectClient, target: Target, stack: str | None) -> Step:
    """The work pool as the target and, on ECS, the stack say; without a stack it stays as it is.

    Raises:
        Terminal: The pool is of another type, cannot be made without a stack, or the stack cannot be read.
    """
    name = f"work pool {target.name}"
    if stack is not None and target is not ECS:
        raise Terminal(f"a stack says how runs on ECS take place, not on {target.name}; leave out --stack")
    found = _found(client, target)
    if target is ECS and stack is None:
        if found is None:
            raise Terminal(f"there is no {name}; `lakehouse setup --target ecs --stack NAME` makes it")
        return Step("keep", f"{name}: --stack NAME would fill it anew")
    template = ecs.template(stacks.outputs_of(stack)) if stack else _local()
    told = f"{name}: type {target.type}, {target.runs_at_once} at once" + (f", as stack {stack} says" if stack else "")
    if found is None:
        made = WorkPoolCreate(
            name=target.name, type=target.type, base_job_template=template, concurrency_limit=target.runs_at_once
        )
        return Step("make", told, lambda: client.create_work_pool(made))
    if (found.base_job_template, found.concurrency_limit) == (template, target.runs_at_once):
        return Step("keep", told)
    changed = WorkPoolUpdate(base_job_template=template, concurrency_limit=target.runs_at_once)
    return Step("update", told, lambda: client.update_work_pool(target.name, changed))


def _found(client: SyncPrefectClient, target: Target) -> Any:
    try:
        found = client.read_work_pool(target.name)
    except ObjectNotFound:
        return None
    if found.type != target.type:
        raise Terminal(
            f"work pool {target.name} is of type {found.type}, not {target.type}; "
            f"`prefect work-pool delete {target.name}`, then `lakehouse setup --target {target.name}`"
        )
    return found


def _local() -> dict[str, Any]:
    template = asyncio.run(template_of(LOCAL.type)) or {}
    template["variables"]["properties"]["env"]["default"] = dict(automations.HEARTBEAT)
    return template
