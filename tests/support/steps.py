"""Executions of the state machine: the stacks in moto, a Glue job that plays, and what people are told of the end."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.servers.s3 import S3Server
from deployments.step_functions import definition
from tests.support import alerts, cloud
from tests.support.ecs import wait

JOB = "lakehouse-step"
VERSION = "abc"
RUNNING = "RUNNING"
INTERPRETER = "ak"  # the access key that moto's interpreter signs with
GLUE, TEMPLATE = (cloud.TEMPLATE.with_name(f"{name}.yaml") for name in ("glue", "step_functions"))


@dataclass(frozen=True)
class Steps:
    """The state machine of a stack and what stands round it."""

    server: S3Server
    outputs: Mapping[str, str]
    arn: str
    folder: Path
    heard: list[dict[str, Any]] = field(default_factory=list)

    @property
    def requests(self) -> Path:
        """The recording of what the server was asked."""
        return self.folder / cloud.REQUESTS

    def start(self, name: str, machine: str | None = None, **asked: Any) -> str:
        """Starts an execution; returns its ARN."""
        started = cloud.client(self.server, "stepfunctions").start_execution(
            stateMachineArn=machine or self.arn, name=name, input=json.dumps(asked)
        )
        return str(started["executionArn"])

    def stop(self, arn: str) -> None:
        """Stops an execution, as somebody does in the console."""
        cloud.client(self.server, "stepfunctions").stop_execution(executionArn=arn)

    def ended(self, arn: str, patience: float) -> dict[str, Any]:
        """The execution once it has ended."""
        client = cloud.client(self.server, "stepfunctions")
        found = lambda: dict(client.describe_execution(executionArn=arn))  # noqa: E731
        wait(lambda: found()["status"] != RUNNING, patience, lambda: str(self.runs()))
        return found()

    def run(self, name: str, patience: float, **asked: Any) -> dict[str, Any]:
        """An execution to its end."""
        return self.ended(self.start(name, **asked), patience)

    def runs(self, run_id: str | None = None, job: str = JOB) -> list[dict[str, Any]]:
        """The job's runs, those of one execution in the order in which they began."""
        found = cloud.client(self.server, "glue").get_job_runs(JobName=job)["JobRuns"]
        mine = [run for run in found if run_id in (None, run["Arguments"]["--run-id"])]
        return sorted(mine, key=lambda run: run["StartedOn"])

    def told(self, name: str) -> list[dict[str, Any]]:
        """What people have been told of an execution."""
        self.heard.extend(alert for alert in alerts.read(self.server) if "executionArn" in alert)
        return [alert for alert in self.heard if alert["name"] == name]

    def told_once(self, name: str, patience: float = 30) -> dict[str, Any]:
        """The one thing that people have been told of an execution, or are told soon."""
        wait(lambda: self.told(name), patience, lambda: f"nobody was told of {name}: {self.heard}")
        (told,) = self.told(name)
        return told

    def altered(self, name: str, machine: Mapping[str, Any], job: str = JOB) -> str:
        """Another state machine beside that of the stack; returns its ARN."""
        text = filled(json.dumps(machine), self.outputs, job)
        client = cloud.client(self.server, "stepfunctions")
        role = client.describe_state_machine(stateMachineArn=self.arn)["roleArn"]
        return str(client.create_state_machine(name=name, definition=text, roleArn=role)["stateMachineArn"])


def filled(text: str, outputs: Mapping[str, str], job: str = JOB) -> str:
    """The definition as CloudFormation fills it in."""
    given = {"Partition": "aws", "Job": job, "Bucket": outputs["LakeBucket"], "Prefix": "lake"}
    for key, value in given.items():
        text = text.replace(f"${{{key}}}", value)
    return text


@contextmanager
def opened(folder: Path, **parameters: str) -> Iterator[Steps]:
    """Both stacks and a queue that hears the alerts; no Glue job yet."""
    server = cloud.start(folder)
    try:
        outputs = cloud.create_stack(server, **parameters)
        alerts.listen(server, outputs["AlertsTopicArn"])
        try:
            yield Steps(server, outputs, created(server, outputs)["StateMachineArn"], folder)
        finally:
            _stop_runs(cloud.client(server, "glue"))
    finally:
        server.stop()


def _stop_runs(glue: Any) -> None:
    """Ends the processes of job runs that nobody waits for any more."""
    for job in glue.get_jobs()["Jobs"]:
        runs = glue.get_job_runs(JobName=job["Name"])["JobRuns"]
        going = [run["Id"] for run in runs if run["JobRunState"] == RUNNING]
        if going:
            glue.batch_stop_job_run(JobName=job["Name"], JobRunIds=going)


def created(server: S3Server, outputs: Mapping[str, str]) -> dict[str, str]:
    """The stacks of the job and the state machine, its definition where the template looks for it; their outputs."""
    bucket = outputs["LakeBucket"]
    cloud.client(server, "s3").upload_file(str(definition.FILE), bucket, f"deploy/glue/{VERSION}/pipeline.asl.json")
    name, both = outputs["Name"], {"Lakehouse": outputs["Name"], "Version": VERSION}
    subnet = outputs["SubnetIds"].partition(",")[0]
    job = {"Code": "rental_lakehouse-0.1.0.zip", "Jars": "", "SubnetId": subnet, "AvailabilityZone": "us-east-1a"}
    glue = cloud.created(server, GLUE, f"{name}-glue", {**both, **job})
    return {**glue, **cloud.created(server, TEMPLATE, f"{name}-steps", both)}


def play(steps: Steps, script: Path, job: str = JOB, at_once: int = 10, **settings: str) -> None:
    """Lets a Glue job run this script, with these settings beside those of the stack.

    The job of the stack becomes another of the same name, since moto's `UpdateJob` is not there; a new one is made
    where there is none.
    """
    glue, bucket = cloud.client(steps.server, "glue"), steps.outputs["LakeBucket"]
    cloud.client(steps.server, "s3").upload_file(str(script), bucket, f"deploy/glue/{VERSION}/job.py")
    stack = glue.get_job(JobName=JOB)["Job"]
    given = stack["DefaultArguments"] | {f"--{name}": value for name, value in settings.items()}
    if job == JOB:
        glue.delete_job(JobName=JOB)
    glue.create_job(
        Name=job, Role=stack["Role"], GlueVersion=stack["GlueVersion"], Command=stack["Command"],
        DefaultArguments=given, ExecutionProperty={"MaxConcurrentRuns": at_once},
    )  # fmt: skip


def groups(node: Any) -> Iterator[dict[str, Any]]:
    """Each set of states of a definition, that of the machine and those within states."""
    if isinstance(node, dict):
        if "States" in node:
            yield node["States"]
        for value in node.values():
            yield from groups(value)
    elif isinstance(node, list):
        for value in node:
            yield from groups(value)
