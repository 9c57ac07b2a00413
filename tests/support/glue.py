"""Plays Glue: a job is the entry script under spark-submit of the Spark of Glue 6.0, in an environment of its own."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.servers.s3 import S3Server
from deployments.glue import artifacts
from tests.support import cloud

VENV = artifacts.CLONE / ".cache/glue-venv"
SUBMIT = VENV / "bin/spark-submit"
SCRIPT = artifacts.HERE / "job.py"
SECONDS = 900
OF_GLUE = ("--JOB_NAME", "played", "--JOB_RUN_ID", "jr_1", "--job-bookmark-option", "job-bookmark-disable")


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit code, its output, and the last line of its errors."""

    code: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        """The line that Glue shows as the error of the job run."""
        lines = self.errors.strip().splitlines()
        return lines[-1] if lines else ""


@dataclass(frozen=True)
class Glue:
    """Jobs that find their settings in their arguments, and AWS where a test's server is."""

    folder: Path
    server: S3Server
    code: Path
    settings: Mapping[str, str]
    jars: tuple[Path, ...] = field(default_factory=lambda: tuple(artifacts.fetched(artifacts.OURS)))

    def job(self, *arguments: str, **settings: str) -> Ended:
        """Runs a job to its end."""
        path = ":".join(map(str, self.jars))
        told = [part for name, value in {**self.settings, **settings}.items() for part in (f"--{name}", value)]
        command = [
            str(SUBMIT), "--master", "local[2]", "--driver-memory", "1200m", "--conf", "spark.ui.enabled=false",
            "--conf", f"spark.driver.extraClassPath={path}", "--conf", f"spark.executor.extraClassPath={path}",
            "--conf", "spark.log.level=ERROR", "--conf", "spark.sql.shuffle.partitions=2",
            "--py-files", str(self.code), str(SCRIPT), *OF_GLUE, *arguments, *told,
        ]  # fmt: skip
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LAKEHOUSE_", "PYTHON"))}
        aws = cloud.environment(self.server)
        own = {"PYSPARK_PYTHON": str(VENV / "bin/python"), "TMPDIR": str(self.folder), "SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run(
            command, cwd=self.folder, env={**inherited, **aws, **own}, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)
