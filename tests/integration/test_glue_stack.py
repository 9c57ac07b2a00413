"""The stack of Glue and EMR, made by moto beside the first one and read back by the API of each resource."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from demo.servers.s3 import S3Server
from deployments.glue import arguments
from lakehouse import settings
from tests.support import cloud

TEMPLATE = cloud.TEMPLATE.with_name("glue.yaml")
GIVEN = {
    "Version": "abc", "Code": "rental_lakehouse-0.1.0.zip", "Jars": "s3://b/delta-spark_4.1_2.13-4.4.0.jar,s3://b/logstore-1.jar,s3://b/mariadb-java-client-3.5.11.jar",
    "AvailabilityZone": "us-east-1a",
}  # fmt: skip
OF_GLUE = {
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:CreateTags", "ec2:DeleteTags", "glue:GetConnection", "logs:AssociateKmsKey", "logs:CreateLogGroup",
    "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject",
}  # fmt: skip


@pytest.fixture(scope="module")
def outputs(aws: S3Server) -> dict[str, str]:
    return cloud.create_stack(aws)


@pytest.fixture(scope="module")
def glue(aws: S3Server, outputs: dict[str, str]) -> dict[str, str]:
    subnet = outputs["SubnetIds"].partition(",")[0]
    return cloud.created(aws, TEMPLATE, "glue", {**GIVEN, "SubnetId": subnet, "IsEmr": "true"})


@pytest.fixture(scope="module")
def job(aws: S3Server, glue: dict[str, str]) -> dict[str, Any]:
    return cloud.client(aws, "glue").get_job(JobName=glue["JobName"])["Job"]


def statements(aws: S3Server, role: str, policy: str) -> list[dict[str, Any]]:
    return cloud.client(aws, "iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]


def test_the_job_is_of_a_glue_that_can_work_and_tries_nothing_again_by_itself(
    job: dict[str, Any], outputs: dict[str, str], glue: dict[str, str]
) -> None:
    assert (job["Name"], job["GlueVersion"], job["MaxRetries"], job["Role"]) == (
        "lakehouse-step", "6.0", 0, glue["JobRoleArn"],
    )  # fmt: skip
    assert (job["WorkerType"], job["NumberOfWorkers"], job["Timeout"]) == ("G.1X", 2, 240)
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 10}
    assert job["SecurityConfiguration"] == "lakehouse-glue"
    assert job["Connections"] == {"Connections": ["lakehouse-network"]}
    assert job["Command"]["ScriptLocation"] == f"s3://{outputs['LakeBucket']}/deploy/glue/abc/job.py"
    assert job["DefaultArguments"]["--job-bookmark-option"] == "job-bookmark-disable"


def test_the_arguments_of_the_job_are_settings_that_there_are_and_no_secret(
    job: dict[str, Any], outputs: dict[str, str], aws: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [part for pair in job["DefaultArguments"].items() for part in pair]
    with cloud.entered(aws):
        names = [name for name in settings.names() if f"--{name}" in job["DefaultArguments"]]
        for name in (*names, "AWS_REGION"):
            monkeypatch.setenv(name, "")
        found = arguments.parse([*given, "--run-id", "r1", "--table", "bookings"])
        told = settings.load()
    assert (found.step, found.table) == ("table", "bookings")
    assert (told.lake, told.lake_kms_key) == (outputs["LakeUri"], outputs["KeyArn"])
    assert (told.spark.master, told.spark.reader) == ("platform", "jdbc")
    assert (told.source.host, told.source.tls, told.source.user) == ("source.internal", "verify", "lakehouse")
    assert len(told.privacy.key.get_secret_value()) == 40
    assert not settings.secret_names() & {name.removeprefix("--") for name in job["DefaultArguments"]}


def test_a_job_may_do_what_a_task_may_and_read_the_key_besides(
    aws: S3Server, outputs: dict[str, str], glue: dict[str, str]
) -> None:
    of_task, of_job = statements(aws, "lakehouse-task", "run"), statements(aws, "lakehouse-job", "run")
    key = outputs["PrivacyKeyArn"]
    without = [s | {"Resource": [r for r in s["Resource"] if r != key]} if key in s["Resource"] else s for s in of_job]
    assert without == of_task
    assert key in str(of_job)


def test_what_glue_asks_for_besides_is_limited_to_its_own(
    aws: S3Server, outputs: dict[str, str], glue: dict[str, str]
) -> None:
    found = statements(aws, "lakehouse-job", "start")
    listed = [([s["Action"]] if isinstance(s["Action"], str) else s["Action"], s) for s in found]
    assert {action for actions, _ in listed for action in actions} == OF_GLUE
    unlimited = [set(actions) for actions, s in listed if s["Resource"] == "*"]
    assert unlimited == [{action for action in OF_GLUE if action.startswith("ec2:Describe")}]
    (reading,) = [s["Resource"] for actions, s in listed if actions == ["s3:GetObject"]]
    assert reading == f"{outputs['LakeBucketArn']}/deploy/glue/*"
    assert not any("*" in action for actions, _ in listed for action in actions)


def test_workers_hear_each_other_only_and_the_databases_let_them_in(
    aws: S3Server, outputs: dict[str, str], glue: dict[str, str]
) -> None:
    groups = {g["GroupName"]: g for g in cloud.client(aws, "ec2").describe_security_groups()["SecurityGroups"]}
    own = groups["lakehouse-glue"]
    (heard,) = own["IpPermissions"]
    assert [pair["GroupId"] for pair in heard["UserIdGroupPairs"]] == [own["GroupId"]]
    spoken = [pair["GroupId"] for rule in own["IpPermissionsEgress"] for pair in rule.get("UserIdGroupPairs", ())]
    assert own["GroupId"] in spoken
    for name, port in (("lakehouse-source", 3306), ("lakehouse-warehouse", 5432)):
        let_in = {(r["FromPort"], p["GroupId"]) for r in groups[name]["IpPermissions"] for p in r["UserIdGroupPairs"]}
        assert (port, own["GroupId"]) in let_in
    (network,) = cloud.client(aws, "glue").get_connections()["ConnectionList"]
    assert network["PhysicalConnectionRequirements"]["SecurityGroupIdList"] == [own["GroupId"]]
    assert network["ConnectionProperties"] == {}


def test_all_that_glue_writes_is_encrypted_by_our_key(
    aws: S3Server, outputs: dict[str, str], glue: dict[str, str]
) -> None:
    told = cloud.client(aws, "glue").get_security_configuration(Name="lakehouse-glue")["SecurityConfiguration"]
    encryption = told["EncryptionConfiguration"]
    assert encryption["S3Encryption"] == [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": outputs["KeyArn"]}]
    assert encryption["CloudWatchEncryption"]["KmsKeyArn"] == outputs["KeyArn"]


def test_the_emr_application_stops_by_itself_and_has_an_end(aws: S3Server, glue: dict[str, str]) -> None:
    emr = cloud.client(aws, "emr-serverless")
    found = emr.get_application(applicationId=glue["ApplicationId"])["application"]
    assert (found["releaseLabel"], found["type"]) == ("emr-spark-8.0.0", "Spark")
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 15}
    assert found["maximumCapacity"] == {"cpu": "64 vCPU", "memory": "256 GB"}


def test_a_run_on_emr_has_the_script_code_and_settings_of_the_glue_job(
    aws: S3Server, glue: dict[str, str], job: dict[str, Any]
) -> None:
    archive = "s3://b/environment.tar.gz"
    with cloud.entered(aws):
        done = CliRunner().invoke(app, ["deploy", "emr", "--stack", "glue", "--environment", archive])
    assert done.exit_code == 0, done.output
    asked = json.loads(done.output)
    emr = cloud.client(aws, "emr-serverless")
    started = emr.start_job_run(clientToken="one", **asked)

    told = emr.get_job_run(applicationId=glue["ApplicationId"], jobRunId=started["jobRunId"])["jobRun"]
    submit = told["jobDriver"]["sparkSubmit"]
    assert (told["executionRole"], told["releaseLabel"]) == (glue["JobRoleArn"], "emr-spark-8.0.0")
    assert submit["entryPoint"] == job["Command"]["ScriptLocation"]
    given = submit["entryPointArguments"]
    settings_of_glue = {n: v for n, v in job["DefaultArguments"].items() if n.startswith(("--LAKEHOUSE", "--AWS"))}
    assert given[:2] == ["--whole", "true"]
    assert dict(zip(given[2::2], given[3::2], strict=True)) == settings_of_glue
    jars = submit["sparkSubmitParameters"].partition("spark.jars=")[2].split()[0].split(",")
    assert [jar.rpartition("/")[2] for jar in jars] == [
        "delta-spark.jar", "delta-storage.jar", "logstore-1.jar", "mariadb-java-client-3.5.11.jar",
    ], "EMR brings Delta of its own"  # fmt: skip


def test_a_stack_without_emr_is_told(aws: S3Server, glue: dict[str, str]) -> None:
    with cloud.entered(aws):
        done = CliRunner().invoke(app, ["deploy", "emr", "--stack", "lakehouse", "--environment", "s3://b/e.tar.gz"])
    assert (done.exit_code, "no EMR Serverless application" in done.stderr) == (1, True)
