"""CloudFormation types that moto lacks, and those whose properties it drops, by calls of the public API.

moto answers CREATE_COMPLETE for a type that it does not know; here that is an error. `install` must be called in the
server's process before the first stack.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.ecr.models import Repository
from moto.ecs.models import Cluster, TaskDefinition, ecs_backends
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import Role
from moto.logs.models import LogGroup
from moto.rds.models import DBInstance, rds_backends
from moto.s3.models import FakeBucket
from moto.sns.models import Topic
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tests.support import cfn_glue, event_bus

KEPT: list[type] = []  # moto finds the classes by weak references
Made = tuple[str, dict[str, str]]


def shaped(value: Any, shape: Any) -> Any:
    """CloudFormation's properties as an API takes them: names in its letter case, values in its types."""
    match shape.type_name:
        case "structure":
            names = {name.lower(): name for name in shape.members}
            known = {names[k.lower()]: v for k, v in value.items() if k.lower() in names}
            return {name: shaped(v, shape.members[name]) for name, v in known.items()}
        case "list":
            return [shaped(v, shape.member) for v in value]
        case "map":
            return {k: shaped(v, shape.value) for k, v in value.items()}
        case "integer" | "long":
            return int(value)
        case "double" | "float":
            return float(value)
        case "boolean":
            return str(value).lower() == "true"
        case "string" if isinstance(value, int | float):
            return str(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


class Api:
    """The server's own API."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.models = endpoint, botocore.session.get_session()

    def client(self, service: str, region: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=region,
            aws_access_key_id="shim", aws_secret_access_key="shim",
        )  # fmt: skip

    def call(self, service: str, operation: str, properties: dict[str, Any], region: str, **more: Any) -> Any:
        shape = self.models.get_service_model(service).operation_model(operation).input_shape
        return getattr(self.client(service, region), xform_name(operation))(**shaped(properties, shape), **more)


def install(endpoint: str) -> None:
    """Teaches this process's moto the types of our templates."""
    api = Api(endpoint)
    for kind, create, attributes in (
        ("AWS::S3::BucketPolicy", bucket_policy, ()),
        ("AWS::SQS::QueuePolicy", queue_policy, ()),
        ("AWS::SNS::TopicPolicy", topic_policy, ()),
        ("AWS::SNS::Subscription", subscription, ()),
        ("AWS::SecretsManager::Secret", secret, ("Id",)),
        ("AWS::CloudWatch::Alarm", alarm, ("Arn",)),
        ("AWS::Logs::MetricFilter", metric_filter, ()),
        ("AWS::Scheduler::Schedule", schedule, ()),
        ("AWS::ServiceDiscovery::PrivateDnsNamespace", namespace, ("Id",)),
        ("AWS::ServiceDiscovery::Service", address, ("Arn",)),
        *cfn_glue.TYPES,
    ):
        _new(api, kind, create, attributes)
    _mend(api)
    _refuse_unknown()
    event_bus.mend(lambda region, topic, text: api.client("sns", region).publish(TopicArn=topic, Message=text))


def bucket_policy(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    api.client("s3", region).put_bucket_policy(Bucket=p["Bucket"], Policy=json.dumps(p["PolicyDocument"]))
    return p["Bucket"], {}


def queue_policy(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    policy = {"Policy": json.dumps(p["PolicyDocument"])}
    for queue in p["Queues"]:
        api.client("sqs", region).set_queue_attributes(QueueUrl=queue, Attributes=policy)
    return name, {}


def topic_policy(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    text = json.dumps(p["PolicyDocument"])
    for topic in p["Topics"]:
        api.client("sns", region).set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)
    return name, {}


def subscription(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    return api.call("sns", "Subscribe", p, region, ReturnSubscriptionArn=True)["SubscriptionArn"], {}


def secret(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    asked, client = dict(p["GenerateSecretString"]), api.client("secretsmanager", region)
    fields, key = asked.pop("SecretStringTemplate", None), asked.pop("GenerateStringKey", None)
    shape = api.models.get_service_model("secretsmanager").operation_model("GetRandomPassword").input_shape
    word = client.get_random_password(**shaped(asked, shape))["RandomPassword"]
    text = json.dumps({**json.loads(fields), key: word}) if key else word
    arn = api.call("secretsmanager", "CreateSecret", p, region, SecretString=text)["ARN"]
    return arn, {"Id": arn}


def alarm(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    api.call("cloudwatch", "PutMetricAlarm", p, region)
    return p["AlarmName"], {}


def metric_filter(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    api.call("logs", "PutMetricFilter", p, region)
    return p["FilterName"], {}


def schedule(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    api.call("scheduler", "CreateSchedule", p, region)
    return p["Name"], {}


def namespace(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    client = api.client("servicediscovery", region)
    api.call("servicediscovery", "CreatePrivateDnsNamespace", p, region)
    (found,) = [n for n in client.list_namespaces()["Namespaces"] if n["Name"] == p["Name"]]
    return found["Id"], {"Id": found["Id"]}


def address(api: Api, name: str, p: dict[str, Any], region: str) -> Made:
    made = api.call("servicediscovery", "CreateService", p, region)["Service"]
    return made["Id"], {"Arn": made["Arn"]}


def _new(api: Api, kind: str, create: Callable[..., Made], attributes: Iterable[str]) -> None:
    class Model(CloudFormationModel):
        __module__ = "moto.cloudformation.ours"

        def __init__(self, found: str, told: dict[str, str]) -> None:
            self.found, self.told = found, told

        physical_resource_id = property(lambda self: self.found)
        cloudformation_type = staticmethod(lambda: kind)
        cloudformation_name_type = staticmethod(lambda: "")

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in attributes

        def get_cfn_attribute(self, attr: str) -> str:
            return self.told[attr]

        @classmethod
        def create_from_cloudformation_json(cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any) -> Any:  # noqa: E501  # fmt: skip
            return cls(*create(api, resource_name, cloudformation_json["Properties"], region_name))

    Model.__name__ = Model.__qualname__ = kind.replace("::", "")
    KEPT.append(Model)


def _mend(api: Api) -> None:
    def bucket(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        found = made()
        for operation, key in (
            ("PutPublicAccessBlock", "PublicAccessBlockConfiguration"),
            ("PutBucketVersioning", "VersioningConfiguration"),
            ("PutBucketOwnershipControls", "OwnershipControls"),
        ):
            api.call("s3", operation, {"Bucket": name, key: p[key]}, region)
        rules = [_rule(rule) for rule in p["LifecycleConfiguration"]["Rules"]]
        api.client("s3", region).put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": rules}
        )
        return found

    def cluster(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        api.call("ecs", "CreateCluster", {**p, "Settings": p.get("ClusterSettings", [])}, region)
        return ecs_backends[account][region].clusters[name]

    def task_definition(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        told = api.call("ecs", "RegisterTaskDefinition", p, region)["taskDefinition"]
        return ecs_backends[account][region].describe_task_definition(told["taskDefinitionArn"])

    def database(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        told = {
            **p, "DBSubnetGroupName": p["DBSubnetGroupName"].name, "VpcSecurityGroupIds": p["VPCSecurityGroups"],
            "MasterUserSecretKmsKeyId": p["MasterUserSecret"]["KmsKeyId"],
        }  # fmt: skip
        api.call("rds", "CreateDBInstance", told, region)
        return rds_backends[account][region].databases[p["DBInstanceIdentifier"]]

    def repository(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        model = api.models.get_service_model("ecr")
        for key in ("ImageScanningConfiguration", "EncryptionConfiguration"):
            p[key] = shaped(p[key], model.shape_for(key))
        found = made()
        found.image_tag_mutability = p["ImageTagMutability"]
        return found

    def log_group(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        found = made()
        found.kms_key_id = p.get("KmsKeyId")
        return found

    def role(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        found = made()
        for policy in p.get("Policies", ()):
            found.policies[policy["PolicyName"]] = json.dumps(policy["PolicyDocument"])
        return found

    def machine(made: Callable[[], Any], name: str, p: dict[str, Any], account: str, region: str) -> Any:
        place = {key.lower(): value for key, value in p["DefinitionS3Location"].items()}
        found = api.client("s3", region).get_object(Bucket=place["bucket"], Key=place["key"])
        text = found["Body"].read().decode()
        for key, value in p["DefinitionSubstitutions"].items():
            text = text.replace(f"${{{key}}}", value)
        told = {"name": p["StateMachineName"], "definition": text, **p}
        arn = api.call("stepfunctions", "CreateStateMachine", told, region)["stateMachineArn"]
        return stepfunctions_parser_backends[account][region].describe_state_machine(arn)

    _wrap(FakeBucket, bucket)
    _wrap(StateMachine, machine)
    _wrap(Role, role)
    _wrap(Cluster, cluster)
    _wrap(TaskDefinition, task_definition)
    _wrap(DBInstance, database)
    _tell(Topic, "TopicArn", lambda topic: topic.arn)
    _tell(DBInstance, "MasterUserSecret", lambda instance: instance.master_user_secret.secret_arn)
    _tell(DBInstance, "Endpoint", lambda instance: instance.address)
    _wrap(Repository, repository)
    _wrap(LogGroup, log_group)
    _look_at_conditions(FakeBucket)


def _tell(cls: Any, attribute: str, value: Callable[[Any], str]) -> None:
    """One more attribute for `GetAtt`."""
    has, get = cls.has_cfn_attr, cls.get_cfn_attribute
    cls.has_cfn_attr = classmethod(lambda cls, attr: attr == attribute or has(attr))
    cls.get_cfn_attribute = lambda self, attr: value(self) if attr == attribute else get(self, attr)


def _wrap(cls: Any, create: Callable[..., Any]) -> None:
    plain = cls.create_from_cloudformation_json.__func__

    def made(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **k: Any
    ) -> Any:
        def before() -> Any:
            return plain(cls, resource_name, cloudformation_json, account_id, region_name, **k)

        return create(before, resource_name, cloudformation_json.get("Properties", {}), account_id, region_name)

    cls.create_from_cloudformation_json = classmethod(made)


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        found["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if key in rule:
            found[key] = {k: int(v) for k, v in rule[key].items()}
    return found


def _look_at_conditions(bucket: Any) -> None:
    """moto applies a Deny of a bucket policy whatever its condition says: those statements are left out."""

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        document["Statement"] = [s for s in document["Statement"] if not s.get("Condition")]
        if not document["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    bucket.get_permission = get_permission


def _refuse_unknown() -> None:
    known = parsing.resource_class_from_type

    def strict(kind: str) -> Any:
        found = known(kind)
        if found is None:
            raise parsing.ValidationError(message=f"no support for {kind} in these tests")
        return found

    parsing.resource_class_from_type = strict
