"""What prefect.yaml says is what Prefect can do: told here, before anything is deployed."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from deployments import setup, wiring
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal

SNAPSHOT = Path(__file__).parent / "snapshots" / "wiring.yaml"
EVERY = pytest.mark.parametrize("deployment", wiring.deployments(), ids=lambda deployment: deployment.path)


@EVERY
def test_every_entrypoint_is_a_flow_that_takes_the_parameters(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(wiring.FILE.parent)
    flow = load_flow_from_entrypoint(deployment.entrypoint)
    given = [deployment.entry["parameters"], *(s.get("parameters", {}) for s in deployment.entry["schedules"])]

    for parameters in given:
        assert set(parameters) <= set(flow.parameters.properties)
        assert flow.validate_parameters(dict.fromkeys(flow.parameters.properties) | _defaults(flow) | parameters)
    assert deployment.path.startswith(f"{flow.name}/")


def test_a_parameter_that_does_not_fit_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wiring.FILE.parent)
    flow = load_flow_from_entrypoint("flows/marketplace.py:marketplace")

    with pytest.raises(Exception, match="mode"):
        flow.validate_parameters(_defaults(flow) | {"mode": "bogus"})


def _defaults(flow: object) -> dict[str, object]:
    return {name: field["default"] for name, field in flow.parameters.properties.items() if "default" in field}


@EVERY
def test_every_schedule_has_a_name_of_its_own_and_a_time_zone(deployment: Deployment) -> None:
    schedules = deployment.entry["schedules"]

    assert len({schedule["slug"] for schedule in schedules}) == len(schedules)
    assert all(ZoneInfo(schedule["timezone"]) for schedule in schedules)
    assert all("active" not in schedule for schedule in schedules), "it would undo a pause made in the UI"


@EVERY
def test_every_deployment_tells_its_folder_and_runs_one_at_a_time(deployment: Deployment) -> None:
    ((step, inputs),) = deployment.entry["pull"][0].items()

    assert step == "prefect.deployments.steps.set_working_directory"
    assert inputs["directory"] in ("{{ $PWD }}", "/opt/lakehouse")
    assert deployment.entry["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_every_work_pool_can_be_made_by_the_set_up() -> None:
    assert {deployment.pool for deployment in wiring.deployments()} == set(setup.POOL_TYPES)


def test_the_wiring_is_the_agreed_one() -> None:
    assert yaml.safe_load(wiring.FILE.read_text())["deployments"] == yaml.safe_load(SNAPSHOT.read_text()), (
        f"if the change is meant, make it in {SNAPSHOT} too"
    )


def test_a_variable_that_is_not_set_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = wiring.deployments("ecs")
    assert {name for deployment in chosen for name in deployment.variables} == {"GIT_SHA", "LAKEHOUSE_IMAGE"}
    monkeypatch.setenv("GIT_SHA", "abc")

    with pytest.raises(Terminal, match="marketplace/prod needs the environment variable LAKEHOUSE_IMAGE"):
        wiring.refuse_missing_variables(chosen)
    monkeypatch.setenv("LAKEHOUSE_IMAGE", "registry/lakehouse:abc")
    wiring.refuse_missing_variables(chosen)


def test_a_pool_that_nothing_is_deployed_to_is_told_with_those_that_are() -> None:
    with pytest.raises(Terminal, match="nothing to a work pool nowhere; there are ecs, local"):
        wiring.deployments("nowhere")
