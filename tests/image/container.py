"""The built image as an engine would run it: read-only root, its own user, the command as process 1."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENTER = Path(__file__).with_name("enter.sh")
PATIENCE = 300


@dataclass(frozen=True)
class Image:
    """A mounted image and what it says of itself."""

    root: Path
    user: str
    folder: str
    environment: dict[str, str]
    labels: dict[str, str]

    def run(self, tmp: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        with self.start(tmp, *command, **settings) as process:
            output, _ = process.communicate(timeout=PATIENCE)
            return subprocess.CompletedProcess(command, process.returncode, output)

    @contextmanager
    def start(self, tmp: Path, *command: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Starts a command with this folder as /tmp; what is left of it ends with the block."""
        os.chown(tmp, *map(int, self.user.split(":")))
        spaces = ["unshare", "--mount", "--uts", "--pid", "--fork"]
        process = subprocess.Popen(
            [*spaces, str(ENTER), str(self.root), str(tmp), self.user, self.folder, *command],
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:  # `--kill-child` is forgotten where the user changes
                os.kill(first_process(process), signal.SIGKILL)
            process.wait()


def first_process(process: subprocess.Popen[str]) -> int:
    """The pid, seen from here, of the process that is number 1 inside."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def mounted() -> Image:
    """The image that `run.sh` has mounted."""
    config = json.loads(os.environ["IMAGE_CONFIG"])["OCIv1"]["config"]
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    return Image(Path(os.environ["IMAGE_ROOT"]), config["User"], config["WorkingDir"], environment, config["Labels"])
