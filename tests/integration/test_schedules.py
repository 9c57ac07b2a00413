"""A schedule makes runs: the server, on the very packages of the lock, can do it."""

from datetime import UTC, datetime, timedelta

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings

from demo.servers.prefect import PrefectServer
from tests.support.ecs import wait


@flow
def scheduled() -> None:
    """Nothing."""


def test_a_run_of_a_schedule_is_there_before_its_time(prefect_server: PrefectServer) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=30)
    every_day = IntervalSchedule(interval=timedelta(days=1), anchor_date=soon)
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        deployment = client.create_deployment(flow_id=client.create_flow(scheduled), name="daily")
        client.create_deployment_schedules(deployment, [(every_day, True)])

        runs = lambda: [run for run in client.read_flow_runs() if run.deployment_id == deployment]  # noqa: E731
        wait(runs, 90, lambda: "no run was scheduled")

        first = min(run.expected_start_time for run in runs())
        client.delete_deployment(deployment)
    assert abs(first - soon) < timedelta(seconds=1)
