"""Plays Glue: a job is the entry script under spark-submit of the Spark of Glue 6.0, in an environment of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.s3 import S3Server
from deployments.glue import artifacts
from tests.support import cloud

VENV = artifacts.CLONE / ".cache/glue-venv"
SUBMIT = VENV / "bin/spark-submit"
SCRIPT = artifacts.HERE / "job.py"
SECONDS = 1800
BUCKET = "lake"
OF_GLUE = ("--JOB_NAME", "played", "--JOB_RUN_ID", "jr_1", "--job-bookmark-option", "job-bookmark-disable")


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit code, what its Python said on both streams, and what Java said."""

    code: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        """The last line of the script, which Glue shows as the error of the job run."""
        lines = self.output.strip().splitlines()
        return lines[-1] if lines else ""


@dataclass(frozen=True)
class Glue:
    """Jobs that find their settings in their arguments, and AWS where a test's server is."""

    folder: Path
    server: S3Server
    code: Path
    settings: Mapping[str, str]
    confs: tuple[str, ...] = ()
    jars: tuple[Path, ...] = field(default_factory=lambda: tuple(artifacts.fetched(artifacts.OURS)))

    def job(self, *arguments: str, **settings: str) -> Ended:
        """Runs a job to its end."""
        path = ":".join(map(str, self.jars))
        told = [part for name, value in {**self.settings, **settings}.items() for part in (f"--{name}", value)]
        command = [
            str(SUBMIT), "--master", "local[2]", "--driver-memory", "1200m", "--conf", "spark.ui.enabled=false",
            "--conf", f"spark.driver.extraClassPath={path}", "--conf", f"spark.executor.extraClassPath={path}",
            "--conf", "spark.log.level=ERROR", "--conf", "spark.sql.shuffle.partitions=2",
            *(part for conf in self.confs for part in ("--conf", conf)),
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


def opened(folder: Path, server: S3Server, source: MariaDb, warehouse: Postgres) -> Glue:
    """Jobs with the secrets of both databases in the vault, and an empty lake."""
    cloud.client(server, "s3").create_bucket(Bucket=BUCKET)
    vault = cloud.client(server, "secretsmanager")
    arns = {
        name: vault.create_secret(
            Name=name, SecretString=json.dumps({"username": user.user, "password": user.password})
        )["ARN"]
        for name, user in (("source", source), ("warehouse", warehouse))
    }
    code = shutil.copy(artifacts.wheel(folder / "dist"), folder / "rental_lakehouse-test.zip")
    return Glue(folder, server, Path(code), {
        "LAKEHOUSE_LAKE": f"s3://{BUCKET}/lake", "LAKEHOUSE_SPARK__MASTER": "platform",
        "LAKEHOUSE_SPARK__READER": "jdbc",
        "LAKEHOUSE_SOURCE__HOST": source.host, "LAKEHOUSE_SOURCE__PORT": str(source.port),
        "LAKEHOUSE_SOURCE__SECRET": arns["source"], "LAKEHOUSE_SOURCE__TLS": "off",
        "LAKEHOUSE_WAREHOUSE__HOST": warehouse.host, "LAKEHOUSE_WAREHOUSE__PORT": str(warehouse.port),
        "LAKEHOUSE_WAREHOUSE__DATABASE": "warehouse", "LAKEHOUSE_WAREHOUSE__SECRET": arns["warehouse"],
        "LAKEHOUSE_WAREHOUSE__TLS": "off",
    })  # fmt: skip
