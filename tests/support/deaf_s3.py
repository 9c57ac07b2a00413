"""An S3 endpoint that does what it is told and then, where a test wants it so, breaks off without an answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from demo.servers.s3 import HOST, KEY, REGION

Start = Callable[..., Any]


@dataclass
class DeafS3:
    """Moto's server in a thread; of each matching object the reply to its first PUT is lost.

    Attributes:
        is_deaf_to: Chooses objects by path.
        lost: Paths whose first reply was lost.
        stored: How often each matching object was written.
    """

    is_deaf_to: Callable[[str], bool]
    port: int = 0
    lost: list[str] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The standard AWS variables that lead here."""
        url = f"http://{HOST}:{self.port}"
        return {
            "AWS_ENDPOINT_URL_S3": url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY,
        }  # fmt: skip

    def around(self, application: Callable[[dict[str, Any], Start], Iterable[bytes]]) -> Any:
        """The application, with lost replies."""

        def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if environ["REQUEST_METHOD"] != "PUT" or not self.is_deaf_to(path):
                return application(environ, start)
            status: list[str] = []

            def noted(line: str, *more: Any) -> Any:
                status.append(line)
                return start(line, *more)

            body = list(application(environ, noted))
            if status[0].startswith("200"):
                self.stored[path] = self.stored.get(path, 0) + 1
            if path not in self.lost:
                self.lost.append(path)
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return body

        return answer


@contextmanager
def deaf_s3(bucket: str, is_deaf_to: Callable[[str], bool]) -> Iterator[DeafS3]:
    """The endpoint, with an empty bucket."""
    deaf = DeafS3(is_deaf_to)
    application = deaf.around(DomainDispatcherApplication(create_backend_app))
    server = make_server(HOST, 0, application, threaded=True)
    deaf.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _make(bucket, deaf)
    yield deaf
    server.shutdown()
    thread.join(10)


def _make(bucket: str, deaf: DeafS3) -> None:
    import boto3  # noqa: PLC0415

    client = boto3.client(
        "s3", endpoint_url=deaf.environment["AWS_ENDPOINT_URL_S3"], region_name=REGION,
        aws_access_key_id=KEY, aws_secret_access_key=KEY,
    )  # fmt: skip
    client.create_bucket(Bucket=bucket)
