"""People are told of runs that failed or do not begin; docs/runbook.md says what to do about each."""

from __future__ import annotations

from datetime import timedelta

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

BLOCK = "lakehouse-alerts"
LATENESS = timedelta(minutes=30)
PARENTS = ["marketplace", "upkeep"]
RUN = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})
EACH = {"prefect.resource.id"}


def of(flows: list[str]) -> ResourceSpecification:
    """Only runs of these flows: those of others have heartbeats and people of their own."""
    return ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": flows})


def failures(client: SyncPrefectClient, name: str) -> AutomationCore:
    """A run of ours that failed or crashed is told."""
    return AutomationCore(
        name=name,
        description="docs/runbook.md: A run failed",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"},
            match=RUN,
            match_related=of(PARENTS),
            for_each=EACH,
        ),
        actions=[_tell(client, "{{ flow_run.state.name }}: {{ flow_run.state.message }}")],
    )


def lateness(client: SyncPrefectClient, name: str) -> AutomationCore:
    """A run of ours that is late and then does not begin is told."""
    return AutomationCore(
        name=name,
        description="docs/runbook.md: A run has not begun",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={"prefect.flow-run.Late"},
            expect={"prefect.flow-run.*"},
            match=RUN,
            match_related=of(PARENTS),
            for_each=EACH,
            within=LATENESS,
        ),
        actions=[_tell(client, f"has not begun, {LATENESS.seconds // 60} minutes late; is a worker running?")],
    )


def _tell(client: SyncPrefectClient, what: str) -> CallWebhook:
    """The message is JSON with `text`, as Slack, Teams and Mattermost take it; it ends with the run's address or id."""
    block = client.read_block_document_by_name(BLOCK, Webhook.get_block_type_slug(), include_secrets=False)
    which = "{{ flow_run | ui_url or flow_run.id }}"  # there is no address where the server has no PREFECT_UI_URL
    told = "{% set told %}{{ flow.name }} {{ flow_run.name }} " + what + f" {which}{{% endset %}}"
    return CallWebhook(block_document_id=block.id, payload=told + '{"text": {{ told | tojson }}}')
