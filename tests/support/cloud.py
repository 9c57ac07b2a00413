"""AWS as this process and those it starts see it: moto's server, whose state is empty at the start."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest

from demo.servers.s3 import KEY, REGION, S3Server

ACCOUNT = "123456789012"


def environment(server: S3Server) -> dict[str, str]:
    """The standard AWS variables that lead every service to the server."""
    return {
        "AWS_ENDPOINT_URL": server.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY,
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


def empty(server: S3Server) -> None:
    """Forgets everything."""
    httpx.post(f"{server.url}/moto-api/reset").raise_for_status()
