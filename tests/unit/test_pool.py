"""The work pool's template: what the stack made is its default, what the stack lacks is told."""

import json

import pytest
import yaml
from cfnlint.decode import decode

from deployments import pools
from deployments.ecs import pool
from lakehouse import settings
from lakehouse.contracts import Terminal
from tests.support import cloud

OUTPUTS = {name: f"the-{name}" for name in decode(str(cloud.TEMPLATE))[0]["Outputs"]}


def test_every_setting_and_variable_comes_from_an_output_that_there_is() -> None:
    assert {name for name in pool.SETTINGS if name.startswith(settings.PREFIX)} <= set(settings.names())
    assert set(pool.SETTINGS.values()) | set(pool.VARIABLES.values()) <= set(OUTPUTS)


def test_the_defaults_are_the_stacks_and_secrets_are_named_only() -> None:
    told = {n: p.get("default") for n, p in pool.template(OUTPUTS)["variables"]["properties"].items()}

    assert told["cluster"] == "the-ClusterArn"
    assert told["execution_role_arn"] != told["task_role_arn"]
    assert told["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "60"
    assert told["env"]["LAKEHOUSE_SOURCE__SECRET"] == "the-SourceSecretArn"
    assert [name for name in told["env"] if name.endswith(("PASSWORD", "KEY")) and "KMS" not in name] == []
    assert told["container_secrets"] == [{"name": "LAKEHOUSE_PRIVACY__KEY", "valueFrom": "the-PrivacyKeyArn"}]


def test_an_older_stack_is_told_by_the_output_that_it_lacks() -> None:
    older = {name: value for name, value in OUTPUTS.items() if name != "PrivacyKeyArn"}

    with pytest.raises(Terminal, match=r"no output PrivacyKeyArn; update it from deployments/aws/lakehouse.yaml"):
        pool.template(older)


def test_every_placeholder_has_a_variable_and_every_variable_a_title_and_a_place() -> None:
    template = json.loads(pool.FILE.read_text())
    text = json.dumps(template["job_configuration"])
    named = {part.split(" }}")[0] for part in text.split("{{ ")[1:]}
    variables = template["variables"]["properties"]

    assert named == set(variables)
    assert all(variable["title"] for variable in variables.values())


def test_the_memory_of_the_deployment_holds_the_drivers_heap_twice() -> None:
    entries = yaml.safe_load((cloud.CLONE / "prefect.yaml").read_text())["deployments"]
    sizes = [e["work_pool"]["job_variables"]["memory"] for e in entries if e["work_pool"]["name"] == pools.ECS.name]
    heap = int(settings.SparkSettings().driver_memory.removesuffix("m"))
    assert sizes
    assert all(size >= 2 * heap for size in sizes)
