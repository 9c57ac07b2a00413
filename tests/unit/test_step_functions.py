"""The state machine's definition: whole, bounded, and without a word of the business."""

import json
import re
from datetime import date
from typing import Any

import pytest
from cfnlint.data.schemas.other import step_functions
from cfnlint.helpers import load_resource
from jsonschema import Draft7Validator
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

import transforms
from deployments.glue.arguments import parse
from deployments.step_functions import definition, graph
from deployments.step_functions.__main__ import PAGE, page
from lakehouse.contracts import Terminal
from lakehouse.handover import Asked
from tests.support.steps import filled, groups

MACHINE = definition.machine()
OUTPUTS = {"LakeBucket": "lake"}


def states(kind: str) -> dict[str, dict[str, Any]]:
    return {n: s for found in groups(MACHINE) for n, s in found.items() if s["Type"] == kind}


def test_the_file_is_what_the_code_says() -> None:
    assert definition.FILE.read_text() == definition.text()


def test_the_definition_is_valid_by_the_schema_of_cfn_lint_and_the_parser_of_moto() -> None:
    text = filled(definition.text(), OUTPUTS)
    schema = load_resource(step_functions, "statemachine.json")
    assert [error.message for error in Draft7Validator(schema).iter_errors(json.loads(text))] == []
    AmazonStateLanguageParser.parse(text)


def test_a_state_that_leads_nowhere_would_be_found() -> None:
    broken = json.loads(filled(definition.text(), OUTPUTS))
    del broken["States"]["Done"]["Type"]
    schema = load_resource(step_functions, "statemachine.json")
    assert list(Draft7Validator(schema).iter_errors(broken))


def test_every_task_and_the_machine_end_in_time() -> None:
    tasks = states("Task")
    assert len(tasks) == 7
    assert all(0 < task["TimeoutSeconds"] < MACHINE["TimeoutSeconds"] for task in tasks.values())


def test_every_task_is_tried_again_with_growing_bounded_and_scattered_delays_and_its_failure_is_caught() -> None:
    tasks, frames = states("Task"), states("Parallel")
    assert all(task["Retry"] and task["Catch"] for task in tasks.values())
    retries = [retry for state in (*tasks.values(), *frames.values()) for retry in state["Retry"]]
    assert all(retry["BackoffRate"] > 1 and retry["JitterStrategy"] == "FULL" for retry in retries)
    assert all(retry["MaxDelaySeconds"] <= 600 and 0 < retry["MaxAttempts"] <= 20 for retry in retries)
    assert {error for retry in retries for error in retry["ErrorEquals"]} == {
        "Glue.ConcurrentRunsExceededException", "Transient", "Unexpected", "States.TaskFailed",
    }  # fmt: skip


def test_every_state_is_led_to_and_leads_on() -> None:
    for found in groups(MACHINE):
        reached = set(re.findall(r'"(?:Next|Default|StartAt)": "(\w+)"', json.dumps(MACHINE)))
        assert set(found) <= reached
        ends = ("Next", "End", "Choices")
        assert all(s["Type"] in ("Fail", "Succeed") or any(e in s for e in ends) for s in found.values())


def test_no_two_states_of_the_machine_have_one_name() -> None:
    names = [name for found in groups(MACHINE) for name in found]
    assert len(names) == len(set(names))


def test_every_job_run_carries_the_execution_s_name() -> None:
    jobs = [s["Parameters"]["Arguments"] for s in states("Task").values() if "Arguments" in s["Parameters"]]
    assert len(jobs) == 6
    assert {arguments["--run-id.$"] for arguments in jobs} == {"$$.Execution.Name"}


def test_the_definition_names_no_table_and_no_mart() -> None:
    catalog = transforms.catalog()
    words = set(re.findall(r"[a-z_]+", definition.text().lower()))
    assert words & {*catalog.tables, *catalog.marts} == set()


def test_what_an_execution_is_given_is_what_its_plan_asks_for() -> None:
    words = ["--run-id", "r1", "--plan", "true", "--parameters"]
    given = {"mode": "backfill", "since": "2026-01-01", "until": "2026-02-01", "tables": ["a", "b"], "publish": False}
    days = date(2026, 1, 1), date(2026, 2, 1)
    assert parse([*words, json.dumps(given)]).asked == Asked("backfill", *days, None, ("a", "b"), publish=False)
    assert parse([*words, "{}"]).asked == Asked()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [('{"mod": "full"}', "mod"), ('{"mode": "quick"}', "mode"), ("[]", "--parameters"), ("{", "--parameters")],
)
def test_an_input_that_cannot_be_meant_is_refused_by_name(parameters: str, said: str) -> None:
    with pytest.raises(Terminal, match=said):
        parse(["--run-id", "r1", "--plan", "true", "--parameters", parameters])


def test_only_the_plan_is_told_what_the_run_is_asked_for() -> None:
    with pytest.raises(Terminal, match="the other jobs find it in the plan"):
        parse(["--run-id", "r1", "--marts", "true", "--parameters", "{}"])


def test_the_page_shows_this_definition() -> None:
    assert PAGE.read_text() == page()


def test_the_picture_has_every_state_and_every_way_of_the_course() -> None:
    drawn = graph.course(MACHINE)
    for name, state in MACHINE["States"].items():
        assert f"  {name}" in drawn
        following = [state[key] for key in ("Next", "Default") if key in state]
        following += [handler["Next"] for handler in state.get("Catch", ())]
        assert [f for f in following if not re.search(rf"^  {name} -.*> {f}$|^  {name} -.*\| {f}$", drawn, re.M)] == []


def test_another_definition_would_make_another_page() -> None:
    changed = {**MACHINE, "States": {**MACHINE["States"], "New": {"Type": "Succeed"}}}
    assert graph.course(changed) != graph.course(MACHINE)
    assert graph.course(MACHINE) in PAGE.read_text()
