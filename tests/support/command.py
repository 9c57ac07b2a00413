"""The command `lakehouse` of this clone, in a process of its own."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CLONE = Path(__file__).parents[2]


def say(*words: str, folder: Path, environment: Mapping[str, str], within: float) -> subprocess.CompletedProcess[str]:
    """Runs `lakehouse <words>` in a folder, with nothing but these variables, for so many seconds at most."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(CLONE)},
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


def run(*words: str, folder: Path, environment: Mapping[str, str], within: float) -> None:
    """A run to its good end; without publishing, for it is compared with others by its lake."""
    done = say("run", "--no-publish", *words, folder=folder, environment=environment, within=within)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
