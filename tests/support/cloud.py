"""AWS as this process and those it starts see it: moto's server, with all resources of our template."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.process import launch, on_free_port, wait_until
from demo.servers.s3 import KEY, REGION, S3Server

CLONE = Path(__file__).parents[2]
TEMPLATE = CLONE / "deployments/aws/lakehouse.yaml"
ACCOUNT = "123456789012"
STACK = "lakehouse"
REQUESTS = "requests.jsonl"


def start(folder: Path) -> S3Server:
    """Starts a server that knows the types of our templates; there is nothing in it."""
    return on_free_port(lambda port: _serve(folder, port))


def _serve(folder: Path, port: int) -> S3Server:
    log = folder / "cloud.log"
    program = [sys.executable, "-m", "tests.support.cloud_server", str(port), str(folder / REQUESTS)]
    process = launch(program, log, CLONE)
    server = S3Server(port, "", process)
    wait_until(lambda: client(server, "sts").get_caller_identity(), process, log)
    tasks_stay = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 9999}}
    httpx.post(f"{server.url}/moto-api/state-manager/set-transition", json=tasks_stay).raise_for_status()
    return server


def environment(server: S3Server, key: str = KEY) -> dict[str, str]:
    """The standard AWS variables that lead every service to the server; the key says in its recording who asks."""
    return {
        "AWS_ENDPOINT_URL": server.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": KEY,
    }  # fmt: skip


@contextmanager
def entered(server: S3Server) -> Iterator[None]:
    """This process's AWS is the server for the time of the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server).items():
            patch.setenv(name, value)
        yield


def client(server: S3Server, service: str) -> Any:
    """A client of one service, whatever the environment says."""
    return boto3.client(
        service, endpoint_url=server.url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=KEY
    )


def tell(server: S3Server, outputs: Mapping[str, str], source: MariaDb, warehouse: Postgres) -> None:
    """Puts the servers' own users into a stack's secrets."""
    vault = client(server, "secretsmanager")
    for output, database in (("SourceSecretArn", source), ("WarehouseSecretArn", warehouse)):
        value = json.dumps({"username": database.user, "password": database.password})
        vault.put_secret_value(SecretId=outputs[output], SecretString=value)


def create_stack(server: S3Server, name: str = STACK, **parameters: str) -> dict[str, str]:
    """Makes a network and the stack in it; returns its outputs."""
    given = {**network(server, name), "Name": name, "SourceHost": "source.internal", "WarehouseHost": "wh.internal"}
    return created(server, TEMPLATE, name, {**given, **parameters})


def created(server: S3Server, template: Path, name: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Makes a stack of a template; returns its outputs."""
    cloud = client(server, "cloudformation")
    cloud.create_stack(
        StackName=name,
        TemplateBody=template.read_text(),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (found,) = cloud.describe_stacks(StackName=name)["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE", found
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def network(server: S3Server, name: str) -> Mapping[str, str]:
    """A VPC with two subnets and the security groups of two databases."""
    ec2 = client(server, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
    databases = (f"{name}-source", f"{name}-warehouse")
    groups = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in databases]
    return {
        "VpcId": vpc, "SubnetIds": ",".join(subnets),
        "SourceSecurityGroupId": groups[0], "WarehouseSecurityGroupId": groups[1],
    }  # fmt: skip
