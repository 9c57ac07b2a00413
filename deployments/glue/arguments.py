"""A job's arguments, in the style of Glue: always `--name value`, and Glue's own among them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from lakehouse import settings
from lakehouse.contracts import Terminal
from lakehouse.handover import Asked

Step = Literal["plan", "table", "marts", "publish", "reconcile", "summary", "whole", "verify"]
FLAGS: tuple[Step, ...] = ("plan", "marts", "publish", "reconcile", "summary", "whole", "verify")
STARTS = ("plan", "whole")
NAMELESS = ("whole", "verify")  # they need no run of others
ASKED = ("mode", "since", "until", "as-of", "tables", "publish")
KNOWN = ("run-id", "table", "parameters", *FLAGS, *ASKED[:-1])
PASSED_ON = ("AWS_REGION",)
USAGE = "give --run-id R and one of --table NAME, " + ", ".join(f"--{flag} true" for flag in FLAGS)
BOOL, ASKS = TypeAdapter(bool), TypeAdapter(Asked)


@dataclass(frozen=True)
class Arguments:
    """What a job is to do; `table` where the step is one, `asked` where it starts a run."""

    step: Step
    run_id: str | None
    table: str
    asked: Asked


def parse(given: list[str]) -> Arguments:
    """What these arguments ask for. Settings among them go into the environment; an empty value is none.

    Raises:
        Terminal: No step or two, a missing run id, a value that does not fit, a misspelt name, or a secret.
    """
    found = {name: value for name, value in _pairs(given).items() if value}
    _refuse_misspelt(found)
    step = _step(found)
    if "run-id" not in found and step not in NAMELESS:
        raise Terminal(f"--run-id is missing; {USAGE}")
    asked = _given(found["parameters"], step) if "parameters" in found else _asked(found, step)
    _take_settings(found)
    return Arguments(step, found.get("run-id"), found.get("table", ""), asked)


def _pairs(given: list[str]) -> dict[str, str]:
    """Names and values; of a name without a value `true`."""
    found: dict[str, str] = {}
    name = ""
    for word in given:
        if word.startswith("--"):
            name, _, value = word.removeprefix("--").partition("=")
            found[name] = value or "true"
        elif name:
            found[name] = word
    return found


def _refuse_misspelt(found: Mapping[str, str]) -> None:
    for name in found.keys() - {*KNOWN}:
        if near := get_close_matches(name.lower().replace("_", "-"), KNOWN, 1, 0.8):
            raise Terminal(f"there is no argument --{name}; do you mean --{near[0]}?")


def _step(found: Mapping[str, str]) -> Step:
    steps: list[Step] = [flag for flag in FLAGS if _is_true(found, flag)]
    if "plan" in steps or "whole" in steps:
        steps = [step for step in steps if step != "publish"]  # beside these it says whether to
    if "table" in found:
        steps.append("table")
    if len(steps) != 1:
        raise Terminal(f"{' and '.join(steps) or 'no step'} asked for; {USAGE}")
    return steps[0]


def _is_true(found: Mapping[str, str], name: str) -> bool:
    try:
        return BOOL.validate_strings(found.get(name, "false"))
    except ValidationError:
        raise Terminal(f"--{name} {found[name]}: give true or false") from None


def _given(parameters: str, step: Step) -> Asked:
    """What is asked for in one JSON object, as Step Functions passes on its input; names are those of `Asked`."""
    if step not in STARTS:
        raise Terminal("--parameters goes with --plan or --whole only; the other jobs find it in the plan")
    try:
        return ASKS.validate_json(parameters, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Terminal(f"--parameters {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _asked(found: Mapping[str, str], step: Step) -> Asked:
    given = {name: found[name] for name in ASKED if name in found}
    if step not in STARTS:
        strange = sorted(given.keys() - {"publish"})
        if strange:
            raise Terminal(f"--{strange[0]} goes with --plan or --whole only; the other jobs find it in the plan")
        return Asked()
    values: dict[str, object] = {name.replace("-", "_"): value for name, value in given.items()}
    if "tables" in given:
        values["tables"] = [part.strip() for part in given["tables"].split(",") if part.strip()]
    try:
        return ASKS.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise Terminal(f"--{name} {given[name]}: {first['msg']}") from None


def _take_settings(found: Mapping[str, str]) -> None:
    """Glue has no environment: its arguments are ours."""
    hidden = settings.secret_names()
    for name, value in found.items():
        setting = name.upper()
        if setting in hidden:
            arn = f"{setting.rpartition('__')[0]}__SECRET"
            hint = f"keep it in Secrets Manager, and give the secret's ARN as {arn}" if "__" in name else "leave it out"
            raise Terminal(f"{setting} is a secret, and an argument is shown to all who may see the job: {hint}")
        if setting.startswith(settings.PREFIX) or name in PASSED_ON:
            os.environ[name] = value
