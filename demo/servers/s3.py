"""An S3 endpoint on loopback: moto's server, whose conditional puts are refused as S3 refuses them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import boto3

from demo.servers.process import Process, launch, on_free_port, wait_until

HOST = "127.0.0.1"
REGION = "us-east-1"
KEY = "demo"


@dataclass(frozen=True)
class S3Server:
    """A running endpoint with one bucket."""

    port: int
    bucket: str
    process: Process

    @property
    def url(self) -> str:
        """The address of the endpoint."""
        return f"http://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The standard AWS variables that lead here."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
        }

    def stop(self) -> None:
        """Ends the endpoint; its objects are gone."""
        self.process.stop()


def start(folder: Path, bucket: str = "lake") -> S3Server:
    """Starts an endpoint and makes the bucket."""
    return on_free_port(lambda port: _serve(folder, bucket, port))


def _serve(folder: Path, bucket: str, port: int) -> S3Server:
    log = folder / "s3.log"
    program = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    process = launch(program, log, folder)
    server = S3Server(port, bucket, process)
    wait_until(lambda: client(server).create_bucket(Bucket=bucket), process, log)
    return server


def client(server: S3Server) -> object:
    """A client of this endpoint, whatever the environment says."""
    return boto3.client(
        "s3", endpoint_url=server.url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=KEY
    )
