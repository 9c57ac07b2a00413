"""The CloudFormation template: clean, nothing open, no right without a limit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.decode import decode

FOLDER = Path(__file__).parents[2] / "deployments/aws"
TEMPLATES = sorted(FOLDER.glob("*.yaml"))
TEMPLATE: dict[str, Any] = decode(str(FOLDER / "lakehouse.yaml"))[0]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
KNOW_NO_RESOURCES = {
    "ecr:GetAuthorizationToken", "ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition",
    "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
}  # fmt: skip
OPEN = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Bucket: {Type: "AWS::S3::Bucket", Properties: {BucketNam: x}}
"""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the resource that it is of."""

    def within(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if "Effect" in node:
                yield node
            else:
                for value in node.values():
                    yield from within(value)
        elif isinstance(node, list):
            for value in node:
                yield from within(value)

    for name, resource in resources.items():
        for statement in within(resource["Properties"]):
            yield name, statement


def unlimited(resources: dict[str, Any]) -> set[tuple[str, str]]:
    """Who is allowed what without a limit."""
    found = set()
    for name, statement in statements(resources):
        if statement["Effect"] != "Allow":
            continue
        found |= {(name, action) for action in listed(statement["Action"]) if "*" in action}
        found |= {(name, "resource") for resource in listed(statement.get("Resource", [])) if resource == "*"}
        if statement.get("Principal") == "*":
            found.add((name, "principal"))
    return found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_cfn_lint_finds_nothing(template: Path) -> None:
    assert [str(match) for match in lint_file(template)] == []


def test_cfn_lint_would_find_a_misspelt_property(tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(OPEN)
    assert "BucketNam" in str(lint_file(tmp_path / "open.yaml")[0])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_right_is_without_a_limit_but_where_aws_demands_it(template: Path) -> None:
    told = decode(str(template))[0]
    found = unlimited(told["Resources"])
    assert found == {(name, "resource") for name in told["Metadata"]["Unlimited"]}
    without = [s for n, s in statements(told["Resources"]) if s.get("Resource") == "*" and n != "Key"]
    actions = {action for statement in without for action in listed(statement["Action"])}
    assert actions <= KNOW_NO_RESOURCES


def test_an_unlimited_right_would_be_found() -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:*"], "Resource": ["*"], "Principal": "*"}
    assert unlimited({"Role": {"Properties": {"Policies": [{"Statement": [statement]}]}}}) == {
        ("Role", "s3:*"), ("Role", "resource"), ("Role", "principal"),
    }  # fmt: skip


def test_what_must_not_be_lost_stays_when_the_stack_goes() -> None:
    kept = {name for name, resource in RESOURCES.items() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {
        "Key",
        "LakeBucket",
        "SourceSecret",
        "WarehouseSecret",
        "PrivacyKey",
        "PrefectSecret",
        "Repository",
        "RunsLog",
    }
    assert all(RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_every_secret_is_made_by_aws_and_encrypted_by_our_key() -> None:
    secrets = [r["Properties"] for r in RESOURCES.values() if r["Type"] == "AWS::SecretsManager::Secret"]
    assert len(secrets) == 4
    assert all("GenerateSecretString" in secret and "SecretString" not in secret for secret in secrets)
    assert all(secret["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]} for secret in secrets)


def test_no_container_can_write_its_root_or_is_root() -> None:
    told = decode(str(FOLDER / "prefect.yaml"))[0]["Resources"]
    containers = [
        c for r in told.values() if r["Type"] == "AWS::ECS::TaskDefinition"
        for c in r["Properties"]["ContainerDefinitions"]
    ]  # fmt: skip
    assert len(containers) == 2
    assert all(c["ReadonlyRootFilesystem"] is True and c["User"] == "1000:1000" for c in containers)
    plain = [
        e["Name"] for c in containers for e in c["Environment"] if any(w in e["Name"] for w in ("PASSWORD", "KEY"))
    ]
    assert plain == []


@pytest.mark.parametrize(
    ("template", "page", "count"),
    [("lakehouse.yaml", "runbook.md", 5), ("step_functions.yaml", "step_functions.md", 2)],
)
def test_every_alert_is_in_the_runbook(template: str, page: str, count: int) -> None:
    runbook, told = (FOLDER.parents[1] / "docs" / page).read_text(), decode(str(FOLDER / template))[0]["Resources"]
    alarms = {name for name, r in told.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    rules = {
        name for name, r in told.items()
        if r["Type"] == "AWS::Events::Rule" and "Alerts" in str([t["Arn"] for t in r["Properties"]["Targets"]])
    }  # fmt: skip
    assert len(alarms | rules) >= count
    assert [name for name in sorted(alarms | rules) if f"`{name}`" not in runbook] == []
