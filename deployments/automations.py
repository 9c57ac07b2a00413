"""What Prefect does by itself: it gives up runs that fell silent, and tells people of runs that need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.states import StateType

from deployments.steps import Step
from lakehouse.settings import Settings

HEARTBEAT_SECONDS = 60
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
SILENCE = timedelta(seconds=5 * HEARTBEAT_SECONDS)
LATENESS = timedelta(minutes=30)
WEBHOOK = "lakehouse-alerts"
PARENTS = ["marketplace", "upkeep"]
RUN = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})
EACH = {"prefect.resource.id"}


def steps(client: SyncPrefectClient, settings: Settings) -> list[Step]:
    """The automations, each made once; alerts only where the settings say whom to tell."""
    made = [_step(client, "lakehouse: silent runs are crashed", zombies)]
    if settings.alert_webhook is None:
        return [*made, Step("keep", "alerts: LAKEHOUSE_ALERT_WEBHOOK is not set, so nobody is told")]
    url = settings.alert_webhook
    return [
        *made,
        Step("update", f"block {WEBHOOK}: where alerts go", lambda: Webhook(url=url).save(WEBHOOK, overwrite=True)),
        _step(client, "lakehouse: alert of a failed run", lambda name: failures(name, _webhook(client))),
        _step(client, "lakehouse: alert of a late run", lambda name: lateness(name, _webhook(client))),
    ]


def zombies(name: str) -> AutomationCore:
    """A run that has shown a heartbeat and then nothing at all is crashed, which frees its place."""
    return AutomationCore(
        name=name,
        description="The machine or process of the run is gone; the next run takes up where it stopped.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=RUN,
            match_related=_of([*PARENTS, "table"]),
            for_each=EACH,
            within=SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
    )


def failures(name: str, webhook: UUID) -> AutomationCore:
    """A run of ours that failed or crashed is told."""
    return AutomationCore(
        name=name,
        description="docs/runbook.md, `A run failed`",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"},
            match=RUN,
            match_related=_of(PARENTS),
            for_each=EACH,
        ),
        actions=[_tell(webhook, "{{ flow_run.state.name }}: {{ flow_run.state.message }}")],
    )


def lateness(name: str, webhook: UUID) -> AutomationCore:
    """A run of ours that is late and then does not begin is told."""
    return AutomationCore(
        name=name,
        description="docs/runbook.md, `A run is late`",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={"prefect.flow-run.Late"},
            expect={"prefect.flow-run.*"},
            match=RUN,
            match_related=_of(PARENTS),
            for_each=EACH,
            within=LATENESS,
        ),
        actions=[_tell(webhook, f"has not begun, {LATENESS.seconds // 60} minutes late; is a worker running?")],
    )


def _of(flows: list[str]) -> ResourceSpecification:
    """Only of our flows: those of others have heartbeats of their own."""
    return ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": flows})


def _tell(webhook: UUID, what: str) -> CallWebhook:
    """The message is JSON with `text`, as Slack, Teams and Mattermost take it."""
    before = "{% set told %}{{ flow.name }} {{ flow_run.name }} "
    payload = f'{before}{what} {{{{ flow_run | ui_url }}}}{{% endset %}}{{"text": {{{{ told | tojson }}}}}}'
    return CallWebhook(block_document_id=webhook, payload=payload)


def _webhook(client: SyncPrefectClient) -> UUID:
    return client.read_block_document_by_name(WEBHOOK, Webhook.get_block_type_slug(), include_secrets=False).id


def _step(client: SyncPrefectClient, name: str, wanted: Callable[[str], AutomationCore]) -> Step:
    """Made once; one that somebody switched off in the UI stays off."""
    found = client.read_automations_by_name(name)
    if not found:
        return Step("make", f"automation {name}", lambda: client.create_automation(wanted(name)))
    one = found[0]
    kept = {"enabled": one.enabled}
    return Step(
        "update",
        f"automation {name}",
        lambda: client.update_automation(one.id, wanted(name).model_copy(update=kept)),
    )
