"""The state machine: plan, tables side by side, marts, publish, reconcile, summary; each one a run of the Glue job.

`python -m deployments.step_functions` writes `pipeline.asl.json`, which is what AWS gets. The template gives it
`${Job}`, `${Bucket}`, `${Prefix}` and `${Partition}`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("pipeline.asl.json")
TABLES_AT_ONCE = 3
MINUTE, HOUR = 60, 3600
MACHINE_SECONDS = 12 * HOUR
RUN_ID, INPUT = "$$.Execution.Name", "States.JsonToString($$.Execution.Input)"
State = dict[str, Any]


def machine() -> State:
    """The definition, in Amazon's States Language."""
    return {
        "Comment": "Made by deployments/step_functions/definition.py; change that. docs/step_functions.md explains it.",
        "StartAt": "Plan",
        "TimeoutSeconds": MACHINE_SECONDS,
        "States": {
            "Plan": {
                **_job(
                    "Plan",
                    {"--plan": "true", "--parameters.$": "States.JsonToString($$.Execution.Input)"},
                    HOUR,
                    _read_plan(),
                ),
                "ResultSelector": {"todo.$": "$[0].plan.todo"},
                "Next": "Tables",
            },
            "Tables": {**_tables(), "ResultPath": "$.tables", "Catch": _caught("Summary"), "Next": "Marts"},
            "Marts": _step("Marts", {"--marts": "true"}, 4 * HOUR, "Publish"),
            "Publish": _step("Publish", {"--publish": "true"}, 4 * HOUR, "Reconcile"),
            "Reconcile": _step("Reconcile", {"--reconcile": "true"}, 4 * HOUR, "Summary"),
            "Summary": {
                **_job("Summary", {"--summary": "true"}, HOUR),
                "ResultPath": None,
                "Next": "AllStepsDone",
            },
            "AllStepsDone": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.failure", "IsPresent": True, "Next": "AStepFailed"}],
                "Default": "Done",
            },
            "AStepFailed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
            "Done": {"Type": "Succeed"},
        },
    }


def _tables() -> State:
    """The tables of the plan side by side; one that fails ends with its error's name and stops no other."""
    table = _job("Table", {"--table.$": "$.table"}, 4 * HOUR)
    broken = {"table.$": "$.table", "error.$": "$.failure.Error"}
    return {
        "Type": "Map",
        "ItemsPath": "$.todo",
        "ItemSelector": {"table.$": "$$.Map.Item.Value"},
        "MaxConcurrency": TABLES_AT_ONCE,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Table",
            "States": {
                "Table": {**table, "ResultPath": None, "Catch": _caught("TableIsBroken"), "End": True},
                "TableIsBroken": {"Type": "Pass", "Parameters": broken, "End": True},
            },
        },
    }


def _step(name: str, arguments: State, seconds: int, following: str) -> State:
    """A job between plan and summary; where it fails for good, the summary comes next."""
    return {**_job(name, arguments, seconds), "ResultPath": None, "Catch": _caught("Summary"), "Next": following}


def _job(name: str, arguments: State, seconds: int, then: State | None = None) -> State:
    """One job run in a frame of its own.

    Glue tells every failure as States.TaskFailed and the reason in its text. Within the frame the text becomes a name,
    Transient, Terminal or Unexpected, so that the frame's Retry can tell them apart; TimedOut is one more.
    """
    job, family = f"{name}Job", f"{name}Family"
    run = {
        "Type": "Task",
        "Resource": "arn:${Partition}:states:::glue:startJobRun.sync",
        "Parameters": {"JobName": "${Job}", "Arguments": {"--run-id.$": RUN_ID, **arguments}},
        "ResultSelector": {"job_run.$": "$.Id"},
        "ResultPath": "$.job",
        "TimeoutSeconds": seconds,
        "Retry": [_retry("Glue.ConcurrentRunsExceededException", 30, 20, 5 * MINUTE)],
        "Catch": [*_caught(family, "States.TaskFailed"), *_caught(f"{name}TimedOut", "States.Timeout")],
    }
    states = {job: {**run, **({"Next": next(iter(then))} if then else {"End": True})}, **(then or {})}
    return {
        "Type": "Parallel",
        "Branches": [{"StartAt": job, "States": {**states, **_families(name, seconds)}}],
        "Retry": [_retry("Transient", 30, 4, 10 * MINUTE), _retry("Unexpected", MINUTE, 1, MINUTE)],
    }


def _families(name: str, seconds: int) -> State:
    """From the text of a failure to the name of its family."""
    text, error = "$.failure.Cause", "$.failure.Error"
    transient = [
        {"Variable": text, "StringMatches": '*"ErrorMessage"*Transient: *'},
        {"Variable": error, "StringMatches": "Glue.*"},
        {"Variable": error, "StringMatches": "S3.*"},
    ]
    choices = [
        {"Variable": text, "StringMatches": '*"ErrorMessage"*Terminal: *', "Next": f"{name}Terminal"},
        {"Or": transient, "Next": f"{name}Transient"},
    ]
    fails = {
        f"{name}{family}": {"Type": "Fail", "Error": family, "CausePath": text}
        for family in ("Transient", "Terminal", "Unexpected")
    }
    late = {"Type": "Fail", "Error": "TimedOut", "Cause": f"not done within {seconds} seconds; the job run was stopped"}
    return {
        f"{name}Family": {"Type": "Choice", "Choices": choices, "Default": f"{name}Unexpected"},
        **fails,
        f"{name}TimedOut": late,
    }


def _read_plan() -> State:
    """What the plan's job has left in the lake."""
    return {
        "ReadPlan": {
            "Type": "Task",
            "Resource": "arn:${Partition}:states:::aws-sdk:s3:getObject",
            "Parameters": {
                "Bucket": "${Bucket}",
                "Key.$": f"States.Format('${{Prefix}}/_runs/{{}}/plan.json', {RUN_ID})",
            },
            "ResultSelector": {"plan.$": "States.StringToJson($.Body)"},
            "TimeoutSeconds": MINUTE,
            "Retry": [_retry("States.TaskFailed", 2, 4, 30)],
            "Catch": [*_caught("PlanFamily", "States.TaskFailed"), *_caught("PlanTimedOut", "States.Timeout")],
            "End": True,
        }
    }


def _retry(error: str, seconds: int, attempts: int, most_seconds: int) -> State:
    return {
        "ErrorEquals": [error],
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": 2,
        "MaxDelaySeconds": most_seconds,
        "JitterStrategy": "FULL",
    }


def _caught(following: str, error: str = "States.ALL") -> list[State]:
    return [{"ErrorEquals": [error], "ResultPath": "$.failure", "Next": following}]


def text() -> str:
    """The definition as the file holds it."""
    return json.dumps(machine(), indent=2) + "\n"
