"""A Glue job that plays the pipeline's steps and does nothing: which step fails, and how, is asked for at the start.

`{"tables": ["a", "b"], "ill": {"b": "terminal"}}` lets the table b fail. It says what the real script says.
"""

import json
import sys
import time
from typing import Any

import boto3

STUCK_SECONDS = 300
SHAKY_TIMES = 2


def words() -> dict[str, str]:
    """The arguments, by their names."""
    pairs = zip(sys.argv[1::2], sys.argv[2::2], strict=True)
    return {name.removeprefix("--"): value for name, value in pairs}


class Run:
    """What the steps of one run leave to each other."""

    def __init__(self, lake: str, run_id: str) -> None:
        self.s3, (self.bucket, _, lake_prefix) = boto3.client("s3"), lake.removeprefix("s3://").partition("/")
        self.prefix = f"{lake_prefix}/_runs/{run_id}/"

    def put(self, name: str, value: Any) -> None:
        """Leaves an object."""
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=json.dumps(value))

    def get(self, name: str) -> Any:
        """What was left."""
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read())

    def names(self, below: str = "") -> list[str]:
        """What there is."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + below).get("Contents", ())
        return [one["Key"].removeprefix(self.prefix) for one in found]


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
    (step,) = [asked[n] if n == "table" else n for n in ("table", "marts", "publish", "reconcile", "summary") if n in asked]
    suffer(run, step, plan["ill"].get(step))
    done = run.names()
    broken = [table for table in plan["todo"] if f"table-{table}.json" not in done]
    if step == "summary" and (broken or "publish.json" not in done):
        sys.exit(f"Terminal: not done: {', '.join(broken) or 'publish'}")
    run.put(f"{'table-' * ('table' in asked)}{step}.json", {"kept": broken})


if __name__ == "__main__":
    main()
