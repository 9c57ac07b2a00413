"""The job template of ECS, told by a stack's outputs where and as whom to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployments.automations import HEARTBEAT
from lakehouse.contracts import Terminal

FILE = Path(__file__).with_name("base-job-template.json")
SETTINGS = {
    "LAKEHOUSE_LAKE": "LakeUri",
    "LAKEHOUSE_LAKE_KMS_KEY": "KeyArn",
    "LAKEHOUSE_SOURCE__HOST": "SourceHost",
    "LAKEHOUSE_SOURCE__PORT": "SourcePort",
    "LAKEHOUSE_SOURCE__DATABASE": "SourceDatabase",
    "LAKEHOUSE_SOURCE__CA": "SourceCa",
    "LAKEHOUSE_SOURCE__SECRET": "SourceSecretArn",
    "LAKEHOUSE_WAREHOUSE__HOST": "WarehouseHost",
    "LAKEHOUSE_WAREHOUSE__PORT": "WarehousePort",
    "LAKEHOUSE_WAREHOUSE__DATABASE": "WarehouseDatabase",
    "LAKEHOUSE_WAREHOUSE__DIALECT": "WarehouseDialect",
    "LAKEHOUSE_WAREHOUSE__CA": "WarehouseCa",
    "LAKEHOUSE_WAREHOUSE__SECRET": "WarehouseSecretArn",
    "AWS_REGION": "Region",
}
VARIABLES = {
    "cluster": "ClusterArn",
    "family": "Name",
    "execution_role_arn": "ExecutionRoleArn",
    "task_role_arn": "TaskRoleArn",
    "vpc_id": "VpcId",
}


def template(outputs: Mapping[str, str]) -> dict[str, Any]:
    """The base job template, whose defaults are what a stack made.

    Raises:
        Terminal: The stack lacks an output.
    """
    try:
        defaults = _defaults(outputs)
    except KeyError as error:
        raise Terminal(
            f"the stack has no output {error.args[0]}; update it from deployments/aws/lakehouse.yaml"
        ) from None
    found: dict[str, Any] = json.loads(FILE.read_text())
    for name, value in defaults.items():
        found["variables"]["properties"][name]["default"] = value
    return found


def _defaults(outputs: Mapping[str, str]) -> dict[str, Any]:
    return {name: outputs[output] for name, output in VARIABLES.items()} | {
        "prefect_api_auth_string_secret_arn": outputs.get("PrefectPasswordArn"),
        "prefect_api_key_secret_arn": outputs.get("PrefectKeyArn"),
        "env": {name: outputs[output] for name, output in SETTINGS.items()} | HEARTBEAT,
        "container_secrets": [{"name": "LAKEHOUSE_PRIVACY__KEY", "valueFrom": outputs["PrivacyKeyArn"]}],
        "network_configuration": {
            "subnets": outputs["SubnetIds"].split(","),
            "securityGroups": [outputs["SecurityGroupId"]],
            "assignPublicIp": "DISABLED",
        },
        "cloudwatch_logs_options": {
            "awslogs-group": outputs["RunsLogName"],
            "awslogs-stream-prefix": "runs",
            "awslogs-create-group": "false",
        },
    }
