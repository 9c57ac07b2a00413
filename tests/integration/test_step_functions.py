"""The state machine's course, in moto's interpreter; a script that does nothing plays the Glue job.

What the real script does under it: test_step_functions_marketplace.py.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.step_functions import definition
from tests.support import cloud, fake_job, iam
from tests.support.ecs import wait
from tests.support.steps import INTERPRETER, Steps, groups, opened, play

SECONDS, QUICK_SECONDS = 90, 15
JOB_ARN = f"arn:aws:glue:us-east-1:{cloud.ACCOUNT}:job/lakehouse-step"
STEPS = ["plan", "a", "b", "marts", "publish", "reconcile", "summary"]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    with opened(tmp_path_factory.mktemp("steps")) as found:
        play(found, Path(fake_job.__file__))
        yield found


def played(steps: Steps, run_id: str) -> list[tuple[str, str]]:
    """Step and outcome of each job run of an execution, in the order in which they began."""

    def step(arguments: dict[str, str]) -> str:
        names = ("plan", "table", "marts", "publish", "reconcile", "summary")
        (name,) = [name for name in names if f"--{name}" in arguments]
        return arguments["--table"] if name == "table" else name

    return [(step(run["Arguments"]), run["JobRunState"]) for run in steps.runs(run_id)]


def of(steps: Steps, run_id: str, step: str) -> list[str]:
    return [state for name, state in played(steps, run_id) if name == step]


def test_the_steps_run_in_order_and_carry_the_name_of_the_execution(steps: Steps) -> None:
    found = steps.run("green", SECONDS, tables=["a", "b"])

    assert (found["status"], found.get("cause")) == ("SUCCEEDED", None)
    order = [name for name, _ in played(steps, "green")]
    assert [order[0], sorted(order[1:3]), *order[3:]] == ["plan", ["a", "b"], *STEPS[3:]]
    assert {state for _, state in played(steps, "green")} == {"SUCCEEDED"}
    assert steps.told("green") == []


@pytest.mark.long
def test_a_run_with_nothing_to_do_goes_through_all_steps(steps: Steps) -> None:
    assert steps.run("idle", SECONDS)["status"] == "SUCCEEDED"
    assert [name for name, _ in played(steps, "idle")] == ["plan", *STEPS[3:]]


def test_a_table_that_fails_for_good_is_not_tried_again_and_stops_no_other(steps: Steps) -> None:
    found = steps.run("one-broken", SECONDS, tables=["a", "b"], ill={"a": "terminal"})

    assert (found["status"], found["error"]) == ("FAILED", "Terminal")
    assert "not done: a" in json.loads(found["cause"])["ErrorMessage"]
    assert of(steps, "one-broken", "a") == ["FAILED"]
    assert of(steps, "one-broken", "b") == ["SUCCEEDED"]
    assert [name for name, _ in played(steps, "one-broken")][3:] == ["marts", "publish", "reconcile", "summary"]
    told = steps.told_once("one-broken")
    assert told["status"] == "FAILED"
    assert "not done: a" in told["cause"]


def test_a_failure_that_passes_is_tried_again_with_its_own_step_only(steps: Steps) -> None:
    ill = {"plan": "shaky", "b": "shaky", "summary": "shaky"}
    assert steps.run("shaky", SECONDS, tables=["a", "b"], ill=ill)["status"] == "SUCCEEDED"
    shaky = ["FAILED"] * fake_job.SHAKY_TIMES + ["SUCCEEDED"]
    assert {step: of(steps, "shaky", step) for step in STEPS} == {
        step: shaky if step in ill else ["SUCCEEDED"] for step in STEPS
    }


@pytest.mark.long
def test_a_failure_that_does_not_pass_is_tried_five_times(steps: Steps) -> None:
    assert steps.run("away", SECONDS, tables=["a", "b"], ill={"a": "transient"})["status"] == "FAILED"
    assert of(steps, "away", "a") == ["FAILED"] * 5
    assert of(steps, "away", "b") == ["SUCCEEDED"]


@pytest.mark.long
def test_a_failure_that_nobody_expected_is_tried_once_more(steps: Steps) -> None:
    assert steps.run("odd", SECONDS, tables=["a"], ill={"a": "odd"})["status"] == "SUCCEEDED"
    assert of(steps, "odd", "a") == ["FAILED", "SUCCEEDED"]


@pytest.mark.long
def test_a_plan_that_fails_ends_the_execution_before_anything_else(steps: Steps) -> None:
    found = steps.run("no-plan", SECONDS, tables=["a"], ill={"plan": "terminal"})

    assert (found["status"], found["error"]) == ("FAILED", "Terminal")
    assert played(steps, "no-plan") == [("plan", "FAILED")]
    assert "plan is broken" in steps.told_once("no-plan")["cause"]


@pytest.mark.long
@pytest.mark.parametrize("step", ["marts", "publish", "reconcile"])
def test_a_later_step_that_fails_leads_to_the_summary_and_the_execution_fails(steps: Steps, step: str) -> None:
    found = steps.run(f"{step}-broken", SECONDS, tables=["a"], ill={step: "terminal"})

    assert found["status"] == "FAILED"
    order = played(steps, f"{step}-broken")
    assert order[-2:] == [(step, "FAILED"), ("summary", "SUCCEEDED" if step == "reconcile" else "FAILED")]
    assert ("not done: publish" if step != "reconcile" else "reconcile is broken") in found["cause"]
    assert steps.told_once(f"{step}-broken")["status"] == "FAILED"


def in_time(step: str, seconds: int) -> dict[str, Any]:
    """The definition with another limit for the job of one step."""
    found = definition.machine()
    (states,) = [states for states in groups(found) if f"{step}Job" in states]
    states[f"{step}Job"]["TimeoutSeconds"] = seconds
    return found


@pytest.mark.long
def test_a_table_that_is_not_done_in_time_is_stopped_not_tried_again_and_stops_no_other(steps: Steps) -> None:
    arn = steps.altered("hasty", in_time("Table", QUICK_SECONDS))

    found = steps.ended(steps.start("late", arn, tables=["a", "b"], ill={"a": "stuck"}), SECONDS)

    assert found["status"] == "FAILED"
    assert "not done: a" in found["cause"]
    assert of(steps, "late", "a") == ["STOPPED"]
    assert of(steps, "late", "b") == ["SUCCEEDED"]


@pytest.mark.long
def test_an_execution_that_is_not_done_in_time_ends(steps: Steps) -> None:
    arn = steps.altered("slow", {**definition.machine(), "TimeoutSeconds": QUICK_SECONDS})

    found = steps.ended(steps.start("too-late", arn, tables=["a"], ill={"a": "stuck"}), SECONDS)

    assert found["status"] == "TIMED_OUT"


@pytest.mark.long
def test_an_execution_that_somebody_stops_takes_its_job_along_and_people_hear_of_it(steps: Steps) -> None:
    arn = steps.start("stopped", tables=["a"], ill={"a": "stuck"})
    wait(lambda: of(steps, "stopped", "a") == ["RUNNING"], SECONDS, lambda: str(steps.runs("stopped")))

    steps.stop(arn)

    assert steps.ended(arn, SECONDS)["status"] == "ABORTED"
    wait(lambda: of(steps, "stopped", "a") == ["STOPPED"], SECONDS, lambda: str(steps.runs("stopped")))
    wait(lambda: steps.told("stopped"), SECONDS, lambda: str(steps.heard))
    assert [told["status"] for told in steps.told("stopped")] == ["ABORTED"]


@pytest.mark.long
def test_more_runs_than_the_job_allows_wait_for_their_turn(steps: Steps) -> None:
    play(steps, Path(fake_job.__file__), "narrow", at_once=1)
    arn = steps.altered("narrow", definition.machine(), "narrow")

    assert steps.ended(steps.start("narrow", arn, tables=["a", "b", "c"]), SECONDS)["status"] == "SUCCEEDED"
    runs = [run["Arguments"].get("--table") for run in steps.runs("narrow", "narrow")]
    assert sorted(filter(None, runs)) == ["a", "b", "c"]


@pytest.mark.long
def test_without_the_catch_of_a_table_the_others_and_the_marts_do_not_come(steps: Steps) -> None:
    machine = definition.machine()
    del machine["States"]["Tables"]["ItemProcessor"]["States"]["Table"]["Catch"]
    del machine["States"]["Tables"]["Catch"]
    arn = steps.altered("uncaught", machine)

    found = steps.ended(steps.start("no-catch", arn, tables=["a", "b"], ill={"a": "terminal"}), SECONDS)

    assert (found["status"], found["error"]) == ("FAILED", "Terminal")
    assert {name for name, _ in played(steps, "no-catch")} <= {"plan", "a", "b"}


@pytest.mark.long
def test_without_the_retry_a_failure_that_passes_ends_the_execution(steps: Steps) -> None:
    machine = definition.machine()
    del machine["States"]["Tables"]["ItemProcessor"]["States"]["Table"]["Retry"]
    arn = steps.altered("impatient", machine)

    found = steps.ended(steps.start("no-retry", arn, tables=["a"], ill={"a": "shaky"}), SECONDS)

    assert found["status"] == "FAILED"
    assert of(steps, "no-retry", "a") == ["FAILED"]


def test_executions_ask_for_nothing_that_their_role_may_not_and_may_nothing_else(steps: Steps) -> None:
    client = cloud.client(steps.server, "iam")
    policy = client.get_role_policy(RoleName="lakehouse-pipeline", PolicyName="run-the-steps")["PolicyDocument"]
    asked = {need for request in iam.recorded(steps.requests, INTERPRETER) for need in request.needs}
    needs = {need for need in asked if not need.resource.endswith("job/narrow")}
    assert {need.action for need in needs} >= {"glue:StartJobRun", "glue:GetJobRun", "s3:GetObject"}
    assert sorted(str(need) for need in needs if not iam.grants(policy["Statement"], need)) == []
    assert not iam.grants(policy["Statement"], iam.Need("glue:StartJobRun", f"{JOB_ARN}-other"))
    assert not iam.grants(
        policy["Statement"], iam.Need("s3:GetObject", f"arn:aws:s3:::{steps.outputs['LakeBucket']}/lake/x")
    )
