"""CloudFormation types of Glue and EMR Serverless, by calls of the public API."""

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.emrserverless.models import emrserverless_backends

Made = tuple[str, dict[str, str]]


def job(api: Any, name: str, p: dict[str, Any], region: str) -> Made:
    api.call("glue", "CreateJob", p, region)
    return p["Name"], {}


def connection(api: Any, name: str, p: dict[str, Any], region: str) -> Made:
    api.call("glue", "CreateConnection", p, region)
    return p["ConnectionInput"]["Name"], {}


def security_configuration(api: Any, name: str, p: dict[str, Any], region: str) -> Made:
    told = {k.replace("S3Encryptions", "S3Encryption"): v for k, v in p["EncryptionConfiguration"].items()}
    api.call("glue", "CreateSecurityConfiguration", {**p, "EncryptionConfiguration": told}, region)
    return p["Name"], {}


def application(api: Any, name: str, p: dict[str, Any], region: str) -> Made:
    """moto knows no release of Spark's own label: another one is asked for, then it is put right."""
    told = api.call("emr-serverless", "CreateApplication", {**p, "ReleaseLabel": "emr-7.12.0"}, region)
    found = emrserverless_backends[DEFAULT_ACCOUNT_ID][region].applications[told["applicationId"]]
    found.release_label = p["ReleaseLabel"]
    return told["applicationId"], {}


def egress(api: Any, name: str, p: dict[str, Any], region: str) -> Made:
    rule = {
        "IpProtocol": p["IpProtocol"], "FromPort": int(p["FromPort"]), "ToPort": int(p["ToPort"]),
        "UserIdGroupPairs": [{"GroupId": p["DestinationSecurityGroupId"], "Description": p["Description"]}],
    }  # fmt: skip
    api.client("ec2", region).authorize_security_group_egress(GroupId=p["GroupId"], IpPermissions=[rule])
    return name, {}


TYPES = (
    ("AWS::Glue::Job", job, ()),
    ("AWS::Glue::Connection", connection, ()),
    ("AWS::Glue::SecurityConfiguration", security_configuration, ()),
    ("AWS::EMRServerless::Application", application, ()),
    ("AWS::EC2::SecurityGroupEgress", egress, ()),
)
