"""The stack, made by moto and read back by the API of each resource: an answer CREATE_COMPLETE proves nothing."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.servers.s3 import S3Server
from lakehouse import settings
from lakehouse.contracts import Terminal
from lakehouse.lake import Lake
from tests.support import cloud

EMAIL = "night@shop.example"


@pytest.fixture(scope="module")
def outputs(aws: S3Server) -> dict[str, str]:
    return cloud.create_stack(aws, AlertEmail=EMAIL)


@pytest.fixture(scope="module")
def bucket(outputs: dict[str, str]) -> str:
    return outputs["LakeUri"].removeprefix("s3://").partition("/")[0]


def policy(aws: S3Server, role_arn: str) -> list[dict[str, Any]]:
    """The statements of a role's own policy."""
    iam, role = cloud.client(aws, "iam"), role_arn.rpartition("/")[2]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def test_the_lake_is_closed_encrypted_and_keeps_what_was_deleted_for_days_only(
    aws: S3Server, outputs: dict[str, str], bucket: str
) -> None:
    s3 = cloud.client(aws, "s3")
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (owner,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == outputs["KeyArn"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["deleted"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 3
    expiring = {r["Filter"]["Prefix"] for r in rules.values() if r.get("Expiration", {}).get("Days")}
    assert expiring == {"lake/_load/", "lake/_staging/"}


def test_the_lake_answers_encrypted_connections_and_its_own_key_only(aws: S3Server, bucket: str) -> None:
    document = json.loads(cloud.client(aws, "s3").get_bucket_policy(Bucket=bucket)["Policy"])
    tls, key = document["Statement"]
    arn = f"arn:aws:s3:::{bucket}"
    assert (tls["Effect"], tls["Principal"], tls["Action"], tls["Resource"]) == ("Deny", "*", "s3:*", [arn, f"{arn}/*"])
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (key["Effect"], key["Action"]) == ("Deny", "s3:PutObject")


def test_three_roles_of_three_purposes(aws: S3Server, outputs: dict[str, str]) -> None:
    roles = [outputs[f"{name}RoleArn"] for name in ("Execution", "Task", "Copy")]
    assert len(set(roles)) == 3
    allowed = [
        {a for s in policy(aws, role) for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}
        for role in roles
    ]
    execution, task, copy = allowed
    assert execution & task == {"kms:Decrypt", "secretsmanager:GetSecretValue"}
    assert copy == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    iam = cloud.client(aws, "iam")
    trusted = [
        iam.get_role(RoleName=r.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]["Statement"][0] for r in roles
    ]
    assert [s["Condition"]["StringEquals"]["aws:SourceAccount"] for s in trusted] == [cloud.ACCOUNT] * 3
    assert trusted[2]["Principal"]["Service"] == ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]


def test_a_run_reaches_the_lake_below_its_prefix_its_key_and_two_secrets(
    aws: S3Server, outputs: dict[str, str], bucket: str
) -> None:
    by_action = {str(s["Action"]): s for s in policy(aws, outputs["TaskRoleArn"])}
    resources = [s["Resource"] for s in by_action.values()]
    arn = f"arn:aws:s3:::{bucket}"
    secrets = [outputs["SourceSecretArn"], outputs["WarehouseSecretArn"]]
    assert resources == [arn, f"{arn}/lake/*", f"{arn}/lake", outputs["KeyArn"], secrets]
    assert by_action["s3:ListBucket"]["Condition"] == {"StringLike": {"s3:prefix": ["lake", "lake/*"]}}


def test_redshift_reads_what_it_is_to_copy_and_nothing_else(
    aws: S3Server, outputs: dict[str, str], bucket: str
) -> None:
    listing, reading, key = policy(aws, outputs["CopyRoleArn"])
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "lake/_load/*"}}
    assert reading["Resource"] == f"arn:aws:s3:::{bucket}/lake/_load/*"
    assert key["Resource"] == outputs["KeyArn"]


def test_the_image_its_log_and_its_cluster_are_there(aws: S3Server, outputs: dict[str, str]) -> None:
    (repository,) = cloud.client(aws, "ecr").describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"]["scanOnPush"] is True
    assert repository["encryptionConfiguration"]["kmsKey"] == outputs["KeyArn"]
    (log,) = cloud.client(aws, "logs").describe_log_groups()["logGroups"]
    assert (log["logGroupName"], log["retentionInDays"], log["kmsKeyId"]) == (
        outputs["RunsLogName"], 90, outputs["KeyArn"],
    )  # fmt: skip
    (cluster,) = cloud.client(aws, "ecs").describe_clusters(clusters=["lakehouse"], include=["SETTINGS"])["clusters"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_the_databases_let_runs_in_and_nobody_is_let_into_runs(aws: S3Server, outputs: dict[str, str]) -> None:
    groups = {g["GroupName"]: g for g in cloud.client(aws, "ec2").describe_security_groups()["SecurityGroups"]}
    runs = groups["lakehouse-runs"]
    assert runs["IpPermissions"] == []
    assert runs["GroupId"] == outputs["SecurityGroupId"]
    for name, port in (("lakehouse-source", 3306), ("lakehouse-warehouse", 5432)):
        (rule,) = groups[name]["IpPermissions"]
        assert (rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) == (port, outputs["SecurityGroupId"])


def test_ends_of_tasks_go_to_the_worker_and_bad_ones_to_people(aws: S3Server, outputs: dict[str, str]) -> None:
    events, sqs, sns = (cloud.client(aws, name) for name in ("events", "sqs", "sns"))
    queue = sqs.get_queue_url(QueueName=outputs["TaskEventsQueue"])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith("rule/lakehouse-task-changes")
    targets = {
        rule["Name"]: events.list_targets_by_rule(Rule=rule["Name"])["Targets"][0]["Arn"]
        for rule in events.list_rules()["Rules"]
    }
    topic = outputs["AlertsTopicArn"]
    assert targets == {
        "lakehouse-task-changes": attributes["QueueArn"],
        "lakehouse-run-ended-badly": topic,
        "lakehouse-run-did-not-start": topic,
    }
    (told,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (told["Protocol"], told["Endpoint"]) == ("email", EMAIL)
    alarms = cloud.client(aws, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert {a["AlarmName"]: a["AlarmActions"] for a in alarms} == {
        f"lakehouse-{name}": [topic] for name in ("no-run-done", "worker-is-deaf", "memory-is-short")
    }


def test_a_run_finds_its_lake_and_its_passwords_by_the_outputs_of_the_stack(
    aws: S3Server, outputs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud.entered(aws):
        monkeypatch.setenv("LAKEHOUSE_LAKE", outputs["LakeUri"])
        monkeypatch.setenv("LAKEHOUSE_LAKE_KMS_KEY", outputs["KeyArn"])
        monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", outputs["SourceSecretArn"])
        monkeypatch.setenv("LAKEHOUSE_WAREHOUSE__SECRET", outputs["WarehouseSecretArn"])
        found = settings.load()
        Lake.of(found).check_writable()
        assert (found.source.user, found.warehouse.user) == ("lakehouse", "lakehouse")
        passwords = {found.source.password.get_secret_value(), found.warehouse.password.get_secret_value()}
        assert [len(password) for password in passwords] == [40, 40]
        with pytest.raises(Terminal, match="NoSuchBucket"):
            Lake("s3://another/lake").check_writable()


def test_a_type_that_the_test_does_not_know_fails_instead_of_being_passed_over(aws: S3Server) -> None:
    with pytest.raises(ClientError, match="no support for AWS::Glue::Crawler"):
        cloud.client(aws, "cloudformation").create_stack(
            StackName="strange", TemplateBody='{"Resources": {"X": {"Type": "AWS::Glue::Crawler", "Properties": {}}}}'
        )


def test_a_second_stack_stands_beside_the_first_and_tells_nobody_without_an_address(
    aws: S3Server, outputs: dict[str, str]
) -> None:
    other = cloud.create_stack(aws, "other")
    told = cloud.client(aws, "sns").list_subscriptions_by_topic(TopicArn=other["AlertsTopicArn"])
    assert told["Subscriptions"] == []
    assert {name for name in outputs if outputs[name] == other[name]} == {
        "Region", "SourceHost", "SourcePort", "SourceCa", "SourceDatabase",
        "WarehouseHost", "WarehousePort", "WarehouseDatabase", "WarehouseDialect", "WarehouseCa",
    }  # fmt: skip


@pytest.fixture(scope="module")
def prefect(aws: S3Server, outputs: dict[str, str]) -> dict[str, str]:
    return cloud.created(aws, cloud.TEMPLATE.with_name("prefect.yaml"), "prefect", {"ImageTag": "abc"})


def test_the_prefect_server_has_a_closed_encrypted_database_and_a_password(
    aws: S3Server, outputs: dict[str, str], prefect: dict[str, str]
) -> None:
    (database,) = cloud.client(aws, "rds").describe_db_instances()["DBInstances"]
    assert (database["Engine"], database["StorageEncrypted"], database["KmsKeyId"]) == (
        "postgres", True, outputs["KeyArn"],
    )  # fmt: skip
    assert (database["PubliclyAccessible"], database["DeletionProtection"]) == (False, True)
    told = cloud.client(aws, "ecs").describe_task_definition(taskDefinition="lakehouse-prefect-server")
    (container,) = told["taskDefinition"]["containerDefinitions"]
    secrets = {entry["name"]: entry["valueFrom"] for entry in container["secrets"]}
    assert secrets == {
        "PREFECT_API_DATABASE_PASSWORD": f"{database['MasterUserSecret']['SecretArn']}:password::",
        "PREFECT_SERVER_API_AUTH_STRING": outputs["PrefectSecretArn"],
    }
    assert {e["name"]: e["value"] for e in container["environment"]}["PREFECT_API_DATABASE_HOST"] == (
        database["Endpoint"]["Address"]
    )
    assert prefect["ApiUrl"] == "http://prefect.lakehouse.internal:4200/api"


def test_server_and_worker_are_services_and_the_worker_listens_to_the_queue(
    aws: S3Server, outputs: dict[str, str], prefect: dict[str, str]
) -> None:
    ecs = cloud.client(aws, "ecs")
    names = {arn.rpartition("/")[2] for arn in ecs.list_services(cluster="lakehouse")["serviceArns"]}
    assert names == {"lakehouse-prefect-server", "lakehouse-prefect-worker"}
    told = ecs.describe_task_definition(taskDefinition="lakehouse-prefect-worker")["taskDefinition"]
    (container,) = told["containerDefinitions"]
    assert container["image"] == f"{outputs['RepositoryUri']}:abc"
    assert {e["name"]: e["value"] for e in container["environment"]} == {
        "PREFECT_API_URL": prefect["ApiUrl"],
        "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME": outputs["TaskEventsQueue"],
    }
    assert container["secrets"] == [{"name": "PREFECT_API_AUTH_STRING", "valueFrom": outputs["PrefectSecretArn"]}]


def test_the_worker_may_start_and_stop_tasks_of_ours_and_give_them_two_roles(
    aws: S3Server, outputs: dict[str, str], prefect: dict[str, str]
) -> None:
    granted = {str(s["Action"]): s for s in policy(aws, "role/lakehouse-prefect-worker")}
    assert granted["iam:PassRole"]["Resource"] == [outputs["ExecutionRoleArn"], outputs["TaskRoleArn"]]
    assert granted["ecs:RunTask"]["Condition"] == {"ArnEquals": {"ecs:cluster": outputs["ClusterArn"]}}
    assert granted["ecs:RunTask"]["Resource"].endswith(":task-definition/lakehouse:*")
    assert "s3:" not in str(granted)
