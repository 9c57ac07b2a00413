"""`python -m demo.run`: the main job on real servers: three runs over two days of a marketplace."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from demo.marketplace.admin import admin_of
from demo.marketplace.evolve import evolve, open_late
from demo.marketplace.generate import generate
from demo.servers import stack
from demo.servers.stack import Stack

FOLDER = Path(".demo")
SECONDS = 1_200
HORIZON_SECONDS = 3  # beyond the grace of two


def main() -> None:
    """Servers, a marketplace, a first run, its next day, a run with reconcile, and a run with nothing to do."""
    console = Console()
    scale = float(os.environ.get("DEMO_SCALE", "1"))
    began = time.monotonic()
    console.rule("1. servers: MariaDB, PostgreSQL, Prefect")
    with stack.running_stack(FOLDER.resolve()) as servers:
        admin = admin_of(servers.source)
        console.rule(f"2. a marketplace of scale {scale:g}")
        manifest = generate(admin, scale)
        console.print({name: f"{rows:,} rows" for name, rows in manifest.rows.items()})
        late = open_late(admin)
        console.rule("3. first run: everything")
        _run(servers, "incremental")
        console.rule("4. the next day: changes, deletions, a late commit")
        console.print(evolve(admin, late=late))
        time.sleep(HORIZON_SECONDS)
        console.rule("5. second run: what changed, and a reconcile of every table")
        _run(servers, "reconcile")
        console.rule("6. third run: nothing to do, no JVM")
        _run(servers, "incremental")
    console.print(f"demo done in {time.monotonic() - began:.0f} s, everything balanced; the lake is in {FOLDER}/lake")


def _run(servers: Stack, mode: str) -> None:
    environment = {**os.environ, **servers.environment(), "PREFECT_LOGGING_LEVEL": "INFO"}
    command = [sys.executable, "-m", "cli.main", "run", "--mode", mode]
    done = subprocess.run(command, env=environment, timeout=SECONDS, check=False)
    if done.returncode:
        sys.exit(f"the run in mode {mode} failed")


if __name__ == "__main__":
    main()
