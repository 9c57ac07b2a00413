"""A Glue job that plays the pipeline's steps and does nothing: which step fails, and how, is asked for at the start.

`{"tables": ["a", "b"], "ill": {"b": "terminal"}}` lets the table b fail. It says what the real script says.
"""

import json
import os
import re
import sys
import time
from typing import Any
from urllib.request import Request, urlopen

STUCK_SECONDS = 300
SHAKY_TIMES = 2
SIGNED = "AWS4-HMAC-SHA256 Credential=glue/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"


def words() -> dict[str, str]:
    """The arguments, by their names."""
    pairs = zip(sys.argv[1::2], sys.argv[2::2], strict=True)
    return {name.removeprefix("--"): value for name, value in pairs}


class Run:
    """What the steps of one run leave to each other; without boto3, which takes seconds to import."""

    def __init__(self, lake: str, run_id: str) -> None:
        self.bucket, _, lake_prefix = lake.removeprefix("s3://").partition("/")
        self.prefix = f"{lake_prefix}/_runs/{run_id}/"

    def _ask(self, path: str, body: bytes | None = None) -> str:
        address = f"{os.environ['AWS_ENDPOINT_URL']}/{self.bucket}{path}"
        headers = {"Content-Type": "application/octet-stream", "Authorization": SIGNED}
        with urlopen(Request(address, body, headers, method="PUT" if body else "GET"), timeout=60) as answer:
            return str(answer.read().decode())

    def put(self, name: str, value: Any) -> None:
        """Leaves an object."""
        self._ask(f"/{self.prefix}{name}", json.dumps(value).encode())

    def get(self, name: str) -> Any:
        """What was left."""
        return json.loads(self._ask(f"/{self.prefix}{name}"))

    def names(self, below: str = "") -> list[str]:
        """What there is."""
        found = re.findall("<Key>([^<]+)</Key>", self._ask(f"?list-type=2&prefix={self.prefix}{below}"))
        return [key.removeprefix(self.prefix) for key in found]


def suffer(run: Run, step: str, ill: str | None) -> None:
    """Fails where the step is to fail."""
    tries = len(run.names(f"tries/{step}/")) + 1
    run.put(f"tries/{step}/{tries}", ill)
    match ill:
        case "terminal":
            sys.exit(f"Terminal: {step} is broken")
        case "transient":
            sys.exit(f"Transient: {step} is away")
        case "shaky" if tries <= SHAKY_TIMES:
            sys.exit(f"Transient: {step} is away for the {tries}. time")
        case "odd" if tries == 1:
            sys.exit(f"KeyError: '{step}'")
        case "stuck":
            time.sleep(STUCK_SECONDS)


def main() -> None:
    """One step."""
    asked = words()
    run = Run(asked["LAKEHOUSE_LAKE"], asked["run-id"])
    if "plan" in asked:
        parameters = json.loads(asked["parameters"])
        suffer(run, "plan", parameters.get("ill", {}).get("plan"))
        run.put("plan.json", {"todo": parameters.get("tables", []), "ill": parameters.get("ill", {})})
        return
    plan = run.get("plan.json")
    (step,) = [
        asked[n] if n == "table" else n for n in ("table", "marts", "publish", "reconcile", "summary") if n in asked
    ]
    suffer(run, step, plan["ill"].get(step))
    done = run.names()
    broken = [table for table in plan["todo"] if f"table-{table}.json" not in done]
    if step == "summary" and (broken or "publish.json" not in done):
        sys.exit(f"Terminal: not done: {', '.join(broken) or 'publish'}")
    run.put(f"{'table-' * ('table' in asked)}{step}.json", {"kept": broken})


if __name__ == "__main__":
    main()
