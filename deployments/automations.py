"""What Prefect does by itself: it gives up runs that fell silent, and tells people of runs that need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.states import StateType

from deployments import alerts
from deployments.alerts import EACH, PARENTS, RUN, of
from deployments.steps import Step
from lakehouse.settings import Settings

HEARTBEAT_SECONDS = 60
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
SILENCE = timedelta(seconds=5 * HEARTBEAT_SECONDS)


def steps(client: SyncPrefectClient, settings: Settings) -> list[Step]:
    """The automations, each made once; alerts only where the settings say whom to tell."""
    made = [_step(client, "lakehouse: silent runs are crashed", zombies)]
    if not settings.alert_webhook:
        return [*made, Step("keep", "alerts: LAKEHOUSE_ALERT_WEBHOOK is not set, so nobody is told")]
    block = Webhook(url=settings.alert_webhook)
    return [
        *made,
        Step("update", f"block {alerts.BLOCK}: where alerts go", partial(block.save, alerts.BLOCK, overwrite=True)),
        _step(client, "lakehouse: alert of a failed run", partial(alerts.failures, client)),
        _step(client, "lakehouse: alert of a late run", partial(alerts.lateness, client)),
    ]


def zombies(name: str) -> AutomationCore:
    """A run that was at work and then shows nothing at all is crashed, which frees its place.

    What only stands in `expect` would end the watch until the next heartbeat, which a run that dies early never has.
    """
    return AutomationCore(
        name=name,
        description="The machine or process of the run is gone; the next run takes up where it stopped.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={"prefect.flow-run.heartbeat", "prefect.flow-run.Running", "prefect.flow-run.Cancelling"},
            expect={"prefect.flow-run.*"},
            match=RUN,
            match_related=of([*PARENTS, "table"]),
            for_each=EACH,
            within=SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
    )


def _step(client: SyncPrefectClient, name: str, wanted: Callable[[str], AutomationCore]) -> Step:
    """Made once; one that somebody switched off in the UI stays off."""
    found = client.read_automations_by_name(name)
    if not found:
        return Step("make", f"automation {name}", lambda: client.create_automation(wanted(name)))
    one = found[0]

    def update() -> None:
        client.update_automation(one.id, wanted(name).model_copy(update={"enabled": one.enabled}))

    return Step("update", f"automation {name}", update)
