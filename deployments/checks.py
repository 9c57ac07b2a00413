"""What prefect.yaml asks for is looked at before anything is deployed: variables, schedules, parameters."""

from __future__ import annotations

import os
from typing import Any

from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ParameterTypeError
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.schema_tools.validation import ValidationError as SchemaError
from prefect.utilities.schema_tools.validation import validate
from pydantic import ValidationError

from deployments import wiring
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal

AGAIN = "mend it in prefect.yaml, then run `lakehouse setup` again"


def refuse_misfits(chosen: list[Deployment]) -> None:
    """Looks at all that the deployments ask for.

    Raises:
        Terminal: A variable is not set, the image is not that of the version, or a schedule or parameter does not fit.
    """
    refuse_missing_variables(chosen)
    refuse_another_image(chosen)
    for deployment in chosen:
        refuse_schedules(deployment)
        refuse_parameters(deployment)


def refuse_missing_variables(chosen: list[Deployment]) -> None:
    """Prefect would take the name of a variable that is not set for its value."""
    for deployment in chosen:
        missing = sorted(name for name in deployment.variables if not os.environ.get(name))
        if missing:
            raise Terminal(
                f"deployment {deployment.path} needs the environment variable {missing[0]}; "
                f"`export {missing[0]}=…` (docs/deploy.md), then run `lakehouse setup` again"
            )


def refuse_another_image(chosen: list[Deployment]) -> None:
    """The image's tag is the version of the deployments that run it."""
    image, version = os.environ.get("LAKEHOUSE_IMAGE", ""), os.environ.get("GIT_SHA", "")
    if any("LAKEHOUSE_IMAGE" in deployment.variables for deployment in chosen) and not image.endswith(f":{version}"):
        raise Terminal(
            f"LAKEHOUSE_IMAGE is {image}, but GIT_SHA is {version}; `export LAKEHOUSE_IMAGE=REPOSITORY:$GIT_SHA`"
        )


def refuse_schedules(deployment: Deployment) -> None:
    """A time or time zone that there is not."""
    for schedule in deployment.entry.get("schedules", ()):
        try:
            CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"]
            raise Terminal(
                f"deployment {deployment.path}: schedule {schedule['slug']} ({schedule['cron']}, "
                f"{schedule['timezone']}): {said}; {AGAIN}"
            ) from None


def refuse_parameters(deployment: Deployment) -> None:
    """What is given must fit the form; and where a schedule starts the run, nobody is there to fill in the rest."""
    flow = load_flow_from_entrypoint(str(wiring.FILE.parent / deployment.entrypoint))
    given: dict[str, Any] = deployment.entry.get("parameters", {})
    unattended = [given | schedule.get("parameters", {}) for schedule in deployment.entry.get("schedules", ())]
    try:
        for parameters in [given, *unattended]:
            _refuse_unknown(parameters, flow)
            validate(parameters, flow.parameters.model_dump_for_openapi(), raise_on_error=True)
        for parameters in unattended:
            flow.validate_parameters(_defaults(flow) | parameters)
    except (SchemaError, ParameterTypeError, ValueError) as error:
        said = str(error).splitlines()[-1]
        raise Terminal(f"deployment {deployment.path}: its parameters do not fit the flow: {said}; {AGAIN}") from None


def _refuse_unknown(parameters: dict[str, Any], flow: Flow[Any, Any]) -> None:
    unknown = sorted(parameters.keys() - flow.parameters.properties.keys())
    if unknown:
        raise ValueError(f"there is no {unknown[0]}; there are {', '.join(flow.parameters.properties)}")


def _defaults(flow: Flow[Any, Any]) -> dict[str, Any]:
    return {name: field["default"] for name, field in flow.parameters.properties.items() if "default" in field}
