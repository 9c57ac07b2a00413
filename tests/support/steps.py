"""Executions of the state machine: the stacks in moto, a Glue job that plays, and what people are told of the end."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.servers.s3 import S3Server
from deployments.step_functions import definition
from tests.support import alerts, cloud

JOB = "lakehouse"
RUNNING = "RUNNING"
TEMPLATE = cloud.TEMPLATE.with_name("step_functions.yaml")


@dataclass(frozen=True)
class Steps:
    """The state machine of a stack and what stands round it."""

    server: S3Server
    outputs: Mapping[str, str]
    arn: str

    def start(self, name: str, machine: str | None = None, **asked: Any) -> str:
        """Starts an execution; returns its ARN."""
        started = cloud.client(self.server, "stepfunctions").start_execution(
            stateMachineArn=machine or self.arn, name=name, input=json.dumps(asked)
        )
        return str(started["executionArn"])

    def ended(self, arn: str, patience: float) -> dict[str, Any]:
        """The execution once it has ended."""
        client, end = cloud.client(self.server, "stepfunctions"), time.monotonic() + patience
        while (found := client.describe_execution(executionArn=arn))["status"] == RUNNING:
            assert time.monotonic() < end, self.runs()
            time.sleep(0.2)
        return dict(found)

    def run(self, name: str, patience: float, **asked: Any) -> dict[str, Any]:
        """An execution to its end."""
        return self.ended(self.start(name, **asked), patience)

    def runs(self, run_id: str | None = None) -> list[dict[str, Any]]:
        """The job's runs, those of one execution in the order in which they began."""
        found = cloud.client(self.server, "glue").get_job_runs(JobName=JOB)["JobRuns"]
        mine = [run for run in found if run_id in (None, run["Arguments"]["--run-id"])]
        return sorted(mine, key=lambda run: run["StartedOn"])

    def told(self) -> list[dict[str, Any]]:
        """What people have been told of executions since the last look."""
        return [alert for alert in alerts.read(self.server) if "executionArn" in alert]

    def altered(self, name: str, machine: Mapping[str, Any]) -> str:
        """Another state machine beside that of the stack; returns its ARN."""
        text = filled(json.dumps(machine), self.outputs)
        client = cloud.client(self.server, "stepfunctions")
        role = client.describe_state_machine(stateMachineArn=self.arn)["roleArn"]
        return str(client.create_state_machine(name=name, definition=text, roleArn=role)["stateMachineArn"])


def filled(text: str, outputs: Mapping[str, str]) -> str:
    """The definition as CloudFormation fills it in."""
    given = {"Partition": "aws", "Job": JOB, "Bucket": outputs["LakeBucket"], "Prefix": "lake"}
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
        yield Steps(server, outputs, created(server, outputs)["StateMachineArn"])
    finally:
        server.stop()


def created(server: S3Server, outputs: Mapping[str, str]) -> dict[str, str]:
    """The stack of the state machine, its definition put where the template looks for it; returns its outputs."""
    put = cloud.client(server, "s3").put_object(
        Bucket=outputs["LakeBucket"], Key="code/pipeline.asl.json", Body=definition.FILE.read_bytes()
    )
    return cloud.created(server, TEMPLATE, f"{outputs['Name']}-steps", {
        "Lakehouse": outputs["Name"], "Job": JOB, "DefinitionVersion": put["VersionId"],
    })  # fmt: skip


def make_job(steps: Steps, script: Path, arguments: Mapping[str, str], at_once: int = 8) -> None:
    """The Glue job, whose script is this file."""
    bucket = steps.outputs["LakeBucket"]
    cloud.client(steps.server, "s3").upload_file(str(script), bucket, "code/job.py")
    cloud.client(steps.server, "glue").create_job(
        Name=JOB, Role="glue", GlueVersion="6.0", DefaultArguments=dict(arguments),
        ExecutionProperty={"MaxConcurrentRuns": at_once},
        Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/code/job.py"},
    )  # fmt: skip
