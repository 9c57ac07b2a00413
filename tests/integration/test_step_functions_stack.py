"""The stack of the state machine, made by moto and read back by the API of each resource."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deployments.step_functions import definition
from tests.support import cloud, event_bus
from tests.support.steps import Steps, filled, opened


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    with opened(tmp_path_factory.mktemp("steps-stack")) as found:
        yield found


@pytest.fixture(scope="module")
def machine(steps: Steps) -> dict[str, Any]:
    return dict(cloud.client(steps.server, "stepfunctions").describe_state_machine(stateMachineArn=steps.arn))


def statements(steps: Steps, role: str) -> list[dict[str, Any]]:
    iam = cloud.client(steps.server, "iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return list(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"])


def test_the_state_machine_has_the_definition_of_the_file_with_the_names_of_the_stack(
    steps: Steps, machine: dict[str, Any]
) -> None:
    assert machine["definition"] == filled(definition.FILE.read_text(), steps.outputs)
    assert "${" not in machine["definition"]
    assert (machine["name"], machine["type"]) == ("lakehouse-pipeline", "STANDARD")


def test_it_tells_the_log_of_the_stack_all_that_happens(steps: Steps, machine: dict[str, Any]) -> None:
    groups = cloud.client(steps.server, "logs").describe_log_groups(logGroupNamePrefix="/lakehouse/steps")["logGroups"]
    assert [(g["retentionInDays"], g["kmsKeyId"]) for g in groups] == [(90, steps.outputs["KeyArn"])]
    told = machine["loggingConfiguration"]
    assert (told["level"], told["includeExecutionData"]) == ("ALL", True)
    (place,) = told["destinations"]
    assert place["cloudWatchLogsLogGroup"]["logGroupArn"].startswith(groups[0]["arn"].removesuffix(":*"))


def test_its_role_runs_one_job_and_reads_plans_and_nothing_else(steps: Steps, machine: dict[str, Any]) -> None:
    role = machine["roleArn"].rpartition("/")[2]
    jobs, plans, key, logs = statements(steps, role)
    assert jobs["Resource"] == f"arn:aws:glue:us-east-1:{cloud.ACCOUNT}:job/lakehouse-step"
    assert all(action.startswith("glue:") and "*" not in action for action in jobs["Action"])
    assert plans["Action"] == "s3:GetObject"
    assert plans["Resource"] == f"arn:aws:s3:::{steps.outputs['LakeBucket']}/lake/_runs/*/plan.json"
    assert (key["Action"], key["Resource"]) == ("kms:Decrypt", steps.outputs["KeyArn"])
    assert {action.partition(":")[0] for action in logs["Action"]} == {"logs"}
    trust = cloud.client(steps.server, "iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": cloud.ACCOUNT}}


def test_two_schedules_start_it_by_a_role_that_can_do_nothing_else(steps: Steps) -> None:
    client = cloud.client(steps.server, "scheduler")
    found = {s["Name"]: client.get_schedule(Name=s["Name"]) for s in client.list_schedules()["Schedules"]}
    assert {name: (s["ScheduleExpression"], s["State"], s["Target"]["Input"]) for name, s in found.items()} == {
        "lakehouse-every-hour": ("cron(0 * * * ? *)", "ENABLED", "{}"),
        "lakehouse-every-night": ("cron(30 3 * * ? *)", "ENABLED", '{"mode": "reconcile"}'),
    }
    assert {s["Target"]["Arn"] for s in found.values()} == {steps.arn}
    (role,) = {s["Target"]["RoleArn"].rpartition("/")[2] for s in found.values()}
    (statement,) = statements(steps, role)
    assert (statement["Action"], statement["Resource"]) == ("states:StartExecution", steps.arn)


def test_bad_ends_are_told_and_so_is_the_lack_of_good_ones(steps: Steps) -> None:
    events, topic = cloud.client(steps.server, "events"), steps.outputs["AlertsTopicArn"]
    rule = events.describe_rule(Name="lakehouse-execution-ended-badly")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == topic
    pattern = json.loads(rule["EventPattern"])
    event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}
    told = {
        status: event_bus.matches(pattern, {**event, "detail": {"stateMachineArn": steps.arn, "status": status}})
        for status in ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
    }
    assert told == {"RUNNING": False, "SUCCEEDED": False, "FAILED": True, "TIMED_OUT": True, "ABORTED": True}
    alarms = cloud.client(steps.server, "cloudwatch").describe_alarms(AlarmNames=["lakehouse-no-execution-done"])
    (alarm,) = alarms["MetricAlarms"]
    assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": steps.arn}]
    assert (alarm["MetricName"], alarm["AlarmActions"]) == ("ExecutionsSucceeded", [topic])
