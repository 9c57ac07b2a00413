"""Plays Glue: a job run is a process of the job's script, which moto's S3 holds; its exit decides the run's state.

A process has no variable of the tests': Glue gives a script its arguments, its role's rights and nothing else.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import moto.glue.models as jobs
from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse

from lakehouse import jars

CLONE = Path(__file__).parents[2]
ROLE = "glue"
ENDED = {0: "SUCCEEDED"}
Client = Callable[[str, str], Any]


class ProcessRun(jobs.FakeJobRun):
    """A job run as a process."""

    process: subprocess.Popen[bytes]
    output: Path
    final: str | None = None

    def start(self, program: list[str], environment: dict[str, str], folder: Path) -> None:
        """Begins the run; its /tmp, home and output are in the folder."""
        folder.mkdir()
        self.completed_on = None
        self.output = folder / "output"
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                program, cwd=folder, env={**environment, "HOME": str(folder), "TMPDIR": str(folder)},
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
            )  # fmt: skip

    def stop(self, state: str) -> None:
        """Ends the run, which then has this state."""
        if self.final is None and self.process.poll() is None:
            self.final, self.completed_on = state, datetime.now(UTC)
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def status(self) -> str:
        """The state of the run, in Glue's words."""
        if self.final is None and self.process.poll() is not None:
            self.final, self.completed_on = ENDED.get(self.process.returncode, "FAILED"), datetime.now(UTC)
        return self.final or "RUNNING"

    def as_dict(self) -> dict[str, Any]:
        """The run as the API tells it; the last line that it said is its error."""
        found = {**super().as_dict(), "JobRunState": self.status, "ExecutionTime": 1}
        if self.final == "FAILED":
            lines = self.output.read_text(errors="replace").strip().splitlines()
            found["ErrorMessage"] = f"SystemExit: {lines[-1]}" if lines else f"exit {self.process.returncode}"
        return {name: value for name, value in found.items() if value is not None}


def install(endpoint: str, client: Client, folder: Path) -> None:
    """Makes moto's job runs processes, whose output is kept in a folder."""
    jobs.FakeJobRun = ProcessRun
    plain, lock = jobs.FakeJob.start_job_run, threading.Lock()

    def start_job_run(self: Any, *args: Any, **more: Any) -> str:
        with lock:
            name: str = plain(self, *args, **more)
            (run,) = [one for one in self.job_runs if one.job_run_id == name]
            region = self.backend.region_name
            program = _program(self, run, client("s3", region), folder)
            run.start(program, _environment(endpoint, region), folder / run.job_run_id)
        return name

    jobs.FakeJob.start_job_run = start_job_run
    GlueResponse.batch_stop_job_run = _stop


def _program(job: Any, run: ProcessRun, s3: Any, folder: Path) -> list[str]:
    bucket, _, key = job.command["ScriptLocation"].removeprefix("s3://").partition("/")
    script = folder / f"{run.job_run_id}.py"
    s3.download_file(bucket, key, str(script))
    told = {"--JOB_NAME": job.name, "--JOB_RUN_ID": run.job_run_id, **(run.arguments or {})}
    return [sys.executable, str(script), *(word for pair in told.items() for word in map(str, pair))]


def _environment(endpoint: str, region: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(CLONE),
        "PYTHONDONTWRITEBYTECODE": "1", "PYSPARK_PYTHON": "python3",
        "JAVA_HOME": str(jars.find_java().parents[1]), "LAKEHOUSE_JARS": str(jars.default_folder()),
        "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ROLE, "AWS_SECRET_ACCESS_KEY": ROLE,
    }  # fmt: skip


def _stop(self: Any) -> Any:
    """BatchStopJobRun, which moto lacks."""
    name, names = self._get_param("JobName"), self._get_param("JobRunIds")
    for one in names:
        self.glue_backend.get_job_run(name, one).stop("STOPPED")
    told = [{"JobName": name, "JobRunId": one} for one in names]
    return ActionResult({"SuccessfulSubmissions": told, "Errors": []})
