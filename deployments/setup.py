"""Prefect made ready for a target: block, work pool, automations, deployments and schedules; twice is once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from deployments import automations, checks, deploy, pools, warehouse, wiring
from deployments.pools import LOCAL, TARGETS, Target
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings


def setup(settings: Settings, target: Target = LOCAL, stack: str | None = None, *, dry_run: bool = False) -> list[str]:
    """Makes Prefect ready to run the deployments of a target; tells what was done, or what would be.

    Args:
        settings: Where the warehouse is, and where alerts go.
        target: Where runs take place.
        stack: The CloudFormation stack that says how runs on ECS take place.
        dry_run: Changes nothing.

    Raises:
        Terminal: No server answers, prefect.yaml asks for something that is not set or does not fit, or Prefect
            refused it; nothing is changed before all that can be looked at was looked at.
    """
    assert target in TARGETS.values()
    chosen = wiring.deployments(target.name)
    checks.refuse_misfits(chosen)
    with _server() as client:
        steps = [
            warehouse.step(client, settings),
            pools.step(client, target, stack),
            *automations.steps(client, settings),
            *deploy.steps(client, target.name, chosen),
        ]
        for step in [] if dry_run else steps:
            step.do()
    return [str(step) for step in steps]


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
