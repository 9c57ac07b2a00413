"""What each of our S3 clients must be told beyond the standard AWS variables; credentials by the standard chain."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lakehouse.contracts import Terminal, Transient

SECONDS = 5
DEFAULT_REGION = "us-east-1"
HADOOP = "spark.hadoop.fs.s3a."
TAKEN = (409, 412)  # the condition does not hold, or another write was between


def endpoint() -> str | None:
    """The address of an S3 endpoint other than Amazon's."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def region() -> str:
    """The region of the bucket."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def delta_options(kms_key: str | None) -> dict[str, str]:
    """Storage options of delta-rs."""
    options = {"conditional_put": "etag", "AWS_REGION": region(), "timeout": "60s", "connect_timeout": f"{SECONDS}s"}
    if address := endpoint():
        options |= {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": str(address.startswith("http://")).lower()}
    if kms_key:
        options |= {"AWS_SERVER_SIDE_ENCRYPTION": "aws:kms", "AWS_SSE_KMS_KEY_ID": kms_key}
    return options


def hadoop_options(kms_key: str | None) -> dict[str, str]:
    """Spark settings of S3A."""
    options = {"endpoint.region": region(), "connection.establish.timeout": f"{SECONDS}s"}
    if address := endpoint():
        is_encrypted = str(address.startswith("https://")).lower()
        options |= {"endpoint": address, "path.style.access": "true", "connection.ssl.enabled": is_encrypted}
    if kms_key:
        options |= {"encryption.algorithm": "SSE-KMS", "encryption.key": kms_key}
    return {HADOOP + name: value for name, value in options.items()}


def client() -> Any:
    """A client that gives up on an endpoint that does not answer."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 2})
    return boto3.client("s3", region_name=region(), endpoint_url=endpoint(), config=config)


def encryption(kms_key: str | None) -> dict[str, str]:
    """What a new object is to be encrypted by."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}


def check_writable(root: str, kms_key: str | None) -> None:
    """Writes an object below the root and removes it.

    Raises:
        Terminal: No credentials, no such bucket, or no right to write there.
        Transient: The endpoint does not answer.
    """
    bucket, key = _place(f"{root}/.writable-{uuid.uuid4().hex}")
    with _explained(root, "is not writable"):
        found = client()
        found.put_object(Bucket=bucket, Key=key, Body=b"", **encryption(kms_key))
        found.delete_object(Bucket=bucket, Key=key)


def read(address: str) -> bytes | None:
    """The content of an object; None where there is none.

    Raises:
        Terminal: No credentials, or no right to read it.
        Transient: The endpoint does not answer.
    """
    bucket, key = _place(address)
    with _explained(address, "cannot be read"):
        found = client()
        try:
            content: bytes = found.get_object(Bucket=bucket, Key=key)["Body"].read()
        except found.exceptions.NoSuchKey:
            return None
        return content


def write(address: str, content: bytes, kms_key: str | None, *, over: bool) -> bool:
    """Writes an object; False where it is there already and may not be written over.

    Raises:
        Terminal: No credentials, or no right to write it.
        Transient: The endpoint does not answer.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    bucket, key = _place(address)
    condition = {} if over else {"IfNoneMatch": "*"}
    with _explained(address, "is not writable"):
        try:
            client().put_object(Bucket=bucket, Key=key, Body=content, **condition, **encryption(kms_key))
        except ClientError as error:
            if over or error.response["ResponseMetadata"]["HTTPStatusCode"] not in TAKEN:
                raise
            return False
    return True


def _place(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key.lstrip("/")


@contextmanager
def _explained(address: str, what: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise Terminal(f"lake {address} {what} ({code}); check LAKEHOUSE_LAKE and the rights of the role") from None
    except NoCredentialsError:
        raise Terminal(f"lake {address}: no AWS credentials found; give the task a role, or set AWS_PROFILE") from None
    except BotoCoreError as error:
        raise Transient(
            f"lake {address}: S3 does not answer ({type(error).__name__}); check AWS_ENDPOINT_URL_S3"
        ) from None
