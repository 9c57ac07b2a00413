"""The ways to run the product, each on a lake of its own beside the same source; nothing is published."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import RRuleSchedule

from demo.servers import worker
from demo.servers.s3 import S3Server
from demo.servers.stack import Stack
from deployments.pools import LOCAL
from lakehouse.lake import Lake
from tests.support import cloud, cluster, command
from tests.support.contents import contents
from tests.support.ecs import FINAL, Ecs, wait
from tests.support.steps import JOB, Steps

RUN_SECONDS = 1200
Run = Callable[[], None]
Contents = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Way:
    """How a day is carried into a lake, and whose S3 it is on where it is not that of the environment."""

    lake: str
    run: Run
    aws: S3Server | None = None

    def carried(self) -> Contents:
        """What the lake holds after a run."""
        self.run()
        with cloud.entered(self.aws) if self.aws else nullcontext():
            return contents(Lake(self.lake))


@dataclass(frozen=True)
class Place:
    """Where runs of the clone take place, and the day that all of them speak of."""

    stack: Stack
    client: SyncPrefectClient
    folder: Path
    as_of: date

    @property
    def asked(self) -> dict[str, object]:
        """What a run is asked for."""
        return {"publish": False, "as_of": self.as_of.isoformat()}

    def local(self) -> Way:
        """A flow run in a process of one's own."""
        return self._by_command("local")

    def on_cluster(self, master: str) -> Way:
        """A flow run whose Spark is a cluster."""
        return self._by_command(
            "cluster", LAKEHOUSE_SPARK__MASTER=master, LAKEHOUSE_SPARK__READER="jdbc", SPARK_LOCAL_IP=cluster.HOST
        )

    def by_glue(self, steps: Steps) -> Way:
        """One job run of Glue for all of it."""
        lake = f"s3://{steps.outputs['LakeBucket']}/glue"
        glue = cloud.client(steps.server, "glue")

        def run() -> None:
            asked = {"--whole": "true", "--as-of": self.as_of.isoformat(), "--publish": "false"}
            started = glue.start_job_run(JobName=JOB, Arguments={**asked, "--LAKEHOUSE_LAKE": lake})["JobRunId"]
            found = lambda: glue.get_job_run(JobName=JOB, RunId=started)["JobRun"]  # noqa: E731
            wait(lambda: found()["JobRunState"] != "RUNNING", RUN_SECONDS, lambda: str(found()))
            assert found()["JobRunState"] == "SUCCEEDED", found()

        return Way(lake, run, steps.server)

    def by_step_functions(self, steps: Steps) -> Way:
        """An execution of the state machine, each step a job run."""

        def run() -> None:
            ended = steps.run(uuid4().hex, RUN_SECONDS, **self.asked)
            assert ended["status"] == "SUCCEEDED", ended

        return Way(steps.outputs["LakeUri"], run, steps.server)

    def ad_hoc(self) -> Way:
        """A run that is started as the UI does, taken by a worker."""

        def start(deployment: UUID) -> UUID:
            return self.client.create_flow_run_from_deployment(deployment, parameters=self.asked).id

        return self._by_worker("ad-hoc", start)

    def scheduled(self) -> Way:
        """A run that a schedule starts, taken by a worker."""

        def start(deployment: UUID) -> UUID:
            soon = datetime.now(UTC) + timedelta(seconds=90)  # the server looks for new schedules once a minute
            rule = f"DTSTART:{soon:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=DAILY;COUNT=1"
            before = {run.id for run in self._runs(deployment)}
            made = self.client.create_deployment_schedules(deployment, [(RRuleSchedule(rrule=rule), True)])
            new = lambda: [run for run in self._runs(deployment) if run.id not in before]  # noqa: E731
            wait(lambda: new() and all(run.state and run.state.is_final() for run in new()), RUN_SECONDS, self._log)
            for schedule in made:
                self.client.delete_deployment_schedule(deployment, schedule.id)
            (run,) = new()
            assert run.auto_scheduled
            return run.id

        return self._by_worker("scheduled", start)

    def on_ecs(self, ecs: Ecs, deployment: UUID) -> Way:
        """A run that a worker for ECS gives to a task."""

        def run() -> None:
            started = ecs.start(deployment, self.asked)
            assert ecs.finished(started, RUN_SECONDS)[0] == "COMPLETED", ecs.logs(started)

        return Way(ecs.outputs["LakeUri"], run)

    def _by_command(self, name: str, **settings: str) -> Way:
        stack = self._stack(name)
        environment = os.environ | stack.environment() | settings

        def run() -> None:
            command.run(
                "--as-of", self.as_of.isoformat(), folder=self.folder, environment=environment, within=RUN_SECONDS
            )

        return Way(str(stack.lake), run)

    def _by_worker(self, name: str, start: Callable[[UUID], UUID]) -> Way:
        stack = self._stack(name)

        def run() -> None:
            deployment = self.client.read_deployment_by_name("marketplace/marketplace-dev").id
            self.client.update_deployment(deployment, DeploymentUpdate(parameters=self.asked))
            with self._worker(stack):
                started = start(deployment)
                wait(lambda: self._state(started) in FINAL, RUN_SECONDS, self._log)
                assert self._state(started) == "COMPLETED", self._log()

        return Way(str(stack.lake), run)

    @contextmanager
    def _worker(self, stack: Stack) -> Iterator[None]:
        started = worker.start(self.folder, LOCAL.name, stack.prefect, stack.environment())
        try:
            yield
        finally:
            started.stop()

    def _stack(self, name: str) -> Stack:
        return replace(self.stack, lake=self.folder / name)

    def _runs(self, deployment: UUID) -> list[FlowRun]:
        chosen = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
        return self.client.read_flow_runs(flow_run_filter=chosen)

    def _state(self, run: UUID) -> str:
        state = self.client.read_flow_run(run).state
        return state.type.value if state else ""

    def _log(self) -> str:
        return (self.folder / "worker.log").read_text()[-4000:]
