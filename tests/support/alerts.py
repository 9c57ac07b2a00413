"""What people are told: a queue that subscribes to the alerts of a stack, as their mail does."""

import json
from typing import Any

from demo.servers.s3 import S3Server
from tests.support import cloud

QUEUE = "people"


def listen(server: S3Server, topic: str) -> None:
    """Subscribes to a topic."""
    queue = cloud.client(server, "sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{cloud.ACCOUNT}:{queue.rpartition('/')[2]}"
    cloud.client(server, "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def read(server: S3Server) -> list[dict[str, Any]]:
    """The details of the events that came since the last look."""
    sqs = cloud.client(server, "sqs")
    queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        found += [json.loads(json.loads(message["Body"])["Message"])["detail"] for message in messages]
    return found
