"""What a CloudFormation stack tells of itself."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lakehouse.contracts import Terminal


def outputs_of(stack: str) -> dict[str, str]:
    """The outputs of a stack.

    Raises:
        Terminal: There is no such stack, or AWS cannot be asked.
    """
    try:
        (found,) = boto3.Session().client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        said = error.response.get("Error", {}).get("Message", "unknown")
        raise Terminal(f"stack {stack}: {said}; check its name, AWS_REGION and AWS_PROFILE") from None
    except BotoCoreError as error:
        raise Terminal(f"stack {stack}: AWS cannot be asked ({error}); check AWS_REGION and AWS_PROFILE") from None
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
