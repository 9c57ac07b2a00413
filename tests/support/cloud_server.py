"""moto's server with our CloudFormation types, which notes what it is asked: `cloud_server PORT FILE`."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto import server

from tests.support import cfn_types, glue_runs, step_functions

HOST = "127.0.0.1"
MOST_BODY = 200_000
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Recorder:
    """Notes each request in a line of a file: who asks, for what, how large; bodies only of those that name things."""

    def __init__(self, app: Wsgi, file: Path) -> None:
        self.app, self.file, self.lock = app, file.open("a", buffering=1), threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        note = {
            "method": environ["REQUEST_METHOD"], "path": environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0],
            "query": environ.get("QUERY_STRING", ""), "by": environ.get("HTTP_AUTHORIZATION", ""),
            "target": environ.get("HTTP_X_AMZ_TARGET", ""), "copy": environ.get("HTTP_X_AMZ_COPY_SOURCE", ""),
            "sent": int(environ.get("CONTENT_LENGTH") or 0), "body": self._body(environ),
        }  # fmt: skip

        def told(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            sizes = [int(v) for k, v in headers if k.lower() == "content-length"]
            with self.lock:
                self.file.write(json.dumps({**note, "status": int(status[:3]), "got": sum(sizes)}) + "\n")
            return start(status, headers, *more)

        return self.app(environ, told)

    @staticmethod
    def _body(environ: dict[str, Any]) -> str:
        names_things = environ.get("HTTP_X_AMZ_TARGET") or "delete" in environ.get("QUERY_STRING", "").split("&")
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if not names_things or not 0 < size < MOST_BODY:
            return ""
        body = environ["wsgi.input"].read(size)
        environ["wsgi.input"] = io.BytesIO(body)
        return str(body.decode(errors="replace"))


if __name__ == "__main__":
    port, plain = sys.argv[1], server.run_simple
    server.run_simple = lambda host, number, app, **more: plain(
        host, number, Recorder(app, Path(sys.argv[2])), **more
    )  # fmt: skip
    endpoint, folder = f"http://{HOST}:{port}", Path(sys.argv[2]).parent
    client = cfn_types.Api(endpoint).client
    cfn_types.install(endpoint)
    step_functions.install(client)
    glue_runs.install(endpoint, client, folder)
    server.main(["-H", HOST, "-p", port])
