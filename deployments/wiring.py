"""What `prefect.yaml` says: which deployments there are, and what they need from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lakehouse.contracts import Terminal

FILE = Path(__file__).parents[1] / "prefect.yaml"
TAG = "lakehouse"
VARIABLE = re.compile(r"\{\{\s*\$(\w+)\s*\}\}")


@dataclass(frozen=True)
class Deployment:
    """One entry of the file."""

    name: str
    entrypoint: str
    pool: str
    entry: dict[str, Any]

    @property
    def path(self) -> str:
        """How Prefect names it: the flow, then the deployment."""
        return f"{self.entrypoint.rpartition(':')[2]}/{self.name}"

    @property
    def schedules(self) -> set[str]:
        """The slugs of its schedules."""
        return {schedule["slug"] for schedule in self.entry.get("schedules", ())}

    @property
    def variables(self) -> set[str]:
        """The environment variables that it names, but for the folder that deploying sets itself."""
        return set(VARIABLE.findall(str(self.entry))) - {"PWD"}


def deployments(pool: str | None = None) -> list[Deployment]:
    """The deployments of one work pool, or all.

    Raises:
        Terminal: There is none, or the file is not there.
    """
    if not FILE.exists():
        raise Terminal(f"there is no {FILE}; set up from a clone of the repository or from the image")
    entries = yaml.safe_load(FILE.read_text())["deployments"]
    found = [Deployment(e["name"], e["entrypoint"], e["work_pool"]["name"], e) for e in entries]
    chosen = [deployment for deployment in found if pool in (None, deployment.pool)]
    if not chosen:
        pools = ", ".join(sorted({deployment.pool for deployment in found}))
        raise Terminal(f"{FILE.name} deploys nothing to a work pool {pool}; there are {pools}")
    return chosen
