"""What prefect.yaml says is what Prefect can do: told here, before anything is deployed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from deployments import checks, pools, wiring
from deployments.wiring import Deployment
from lakehouse.contracts import Terminal

SNAPSHOT = Path(__file__).parent / "snapshots" / "wiring.yaml"
EVERY = pytest.mark.parametrize("deployment", wiring.deployments(), ids=lambda deployment: deployment.path)


@EVERY
def test_every_entrypoint_is_a_flow_that_takes_the_parameters_and_every_schedule_is_one(deployment: Deployment) -> None:
    flow = load_flow_from_entrypoint(str(wiring.FILE.parent / deployment.entrypoint))

    checks.refuse_parameters(deployment)
    checks.refuse_schedules(deployment)
    assert set(deployment.entry["parameters"]) <= set(flow.parameters.properties)
    assert deployment.path.startswith(f"{flow.name}/")


def changed(name: str, **entry: object) -> Deployment:
    """A deployment of the file with other entries."""
    (found,) = [deployment for deployment in wiring.deployments() if deployment.name == name]
    return replace(found, entry=found.entry | entry)


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "bogus"), ("tables", ["nowhere"]), ("publish", "perhaps"), ("tabels", ["users"])]
)
def test_a_parameter_that_does_not_fit_is_told_by_name(name: str, value: object) -> None:
    with pytest.raises(Terminal, match=rf"marketplace-dev: .*{name}.*mend it in prefect\.yaml"):
        checks.refuse_parameters(changed("marketplace-dev", parameters={name: value}))


def test_a_schedule_that_would_need_a_person_is_told() -> None:
    daily = {"slug": "daily", "cron": "0 1 * * *", "timezone": "UTC"}

    with pytest.raises(Terminal, match=r"backfill-prod: .* needs `since` and `until`"):
        checks.refuse_parameters(changed("backfill-prod", schedules=[daily]))
    checks.refuse_parameters(changed("backfill-prod"))


@pytest.mark.parametrize(("field", "value"), [("cron", "61 * * * *"), ("timezone", "Mars/Olympus")])
def test_a_schedule_that_cannot_be_is_told_with_its_name(field: str, value: str) -> None:
    schedule = {"slug": "daily", "cron": "0 1 * * *", "timezone": "UTC", field: value}

    with pytest.raises(Terminal, match=f"marketplace-prod: schedule daily .*{re.escape(value)}.*prefect.yaml"):
        checks.refuse_schedules(changed("marketplace-prod", schedules=[schedule]))


@EVERY
def test_every_schedule_has_a_name_of_its_own_and_a_time_zone(deployment: Deployment) -> None:
    schedules = deployment.entry["schedules"]

    assert len({schedule["slug"] for schedule in schedules}) == len(schedules)
    assert all(schedule["timezone"] for schedule in schedules)
    assert all("active" not in schedule for schedule in schedules), "it would undo a pause made in the UI"


@EVERY
def test_every_deployment_tells_its_folder_and_runs_one_at_a_time(deployment: Deployment) -> None:
    ((step, inputs),) = deployment.entry["pull"][0].items()

    assert step == "prefect.deployments.steps.set_working_directory"
    assert inputs["directory"] in ("{{ $PWD }}", "/opt/lakehouse")
    assert deployment.entry["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_every_work_pool_can_be_made_by_the_set_up() -> None:
    assert {deployment.pool for deployment in wiring.deployments()} == set(pools.TARGETS)


def test_the_wiring_is_the_agreed_one() -> None:
    assert yaml.safe_load(wiring.FILE.read_text())["deployments"] == yaml.safe_load(SNAPSHOT.read_text()), (
        f"if the change is meant, make it in {SNAPSHOT} too"
    )


def test_a_variable_that_is_not_set_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = wiring.deployments("ecs")
    assert {name for deployment in chosen for name in deployment.variables} == {"GIT_SHA", "LAKEHOUSE_IMAGE"}
    monkeypatch.setenv("GIT_SHA", "abc")

    with pytest.raises(Terminal, match="marketplace/marketplace-prod needs the environment variable LAKEHOUSE_IMAGE"):
        checks.refuse_missing_variables(chosen)
    monkeypatch.setenv("LAKEHOUSE_IMAGE", "registry/lakehouse:abc")
    checks.refuse_missing_variables(chosen)


def test_an_image_of_another_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SHA", "abc")
    monkeypatch.setenv("LAKEHOUSE_IMAGE", "registry/lakehouse:xyz")

    with pytest.raises(Terminal, match="LAKEHOUSE_IMAGE is registry/lakehouse:xyz, but GIT_SHA is abc"):
        checks.refuse_another_image(wiring.deployments("ecs"))
    checks.refuse_another_image(wiring.deployments("local"))


def test_every_deployment_is_marked_as_ours_and_there_is_each_for_dev_and_prod() -> None:
    found = wiring.deployments()
    names = {
        place: {d.name.removesuffix(f"-{place}") for d in found if place in d.entry["tags"]}
        for place in ("dev", "prod")
    }

    assert all(wiring.TAG in deployment.entry["tags"] for deployment in found)
    assert names["dev"] == names["prod"] >= {"marketplace", "nightly-reconcile", "backfill"}


def test_a_pool_that_nothing_is_deployed_to_is_told_with_those_that_are() -> None:
    with pytest.raises(Terminal, match="nothing to a work pool nowhere; there are ecs, local"):
        wiring.deployments("nowhere")
