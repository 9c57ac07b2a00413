"""Puts what Glue and EMR need into the lake's bucket, below a folder that is named by the version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployments import stacks
from deployments.glue import artifacts
from deployments.step_functions import definition
from lakehouse import s3
from lakehouse.contracts import Terminal

PREFIX = "deploy/glue"
VERSION = re.compile(r"[A-Za-z0-9._-]{1,80}")
AUTHORITIES = artifacts.CLONE / "deployments/image/rds.pem"


@dataclass(frozen=True)
class Upload:
    """What one version consists of: files by their names below the version's folder, and where that is.

    `lakehouse` is the first part of all names of the stack that it is for.
    """

    lakehouse: str
    bucket: str
    version: str
    code: str
    files: dict[str, Path]

    def address(self, name: str) -> str:
        """Where a file of the version stands."""
        return f"s3://{self.bucket}/{PREFIX}/{self.version}/{name}"

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of glue.yaml that are known here: the version's, and the first stack's name."""
        jars = ",".join(self.address(name) for name in self.files if name.endswith(".jar"))
        return {"Lakehouse": self.lakehouse, "Version": self.version, "Code": self.code, "Jars": jars}

    def send(self) -> None:
        """Uploads all files, over those of the same version.

        Raises:
            Terminal: AWS refuses, or cannot be asked.
        """
        client = boto3.Session().client("s3", endpoint_url=s3.endpoint())
        for name, file in self.files.items():
            try:
                client.upload_file(str(file), self.bucket, f"{PREFIX}/{self.version}/{name}")
            except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error) as error:
                raise Terminal(f"{self.address(name)} was not uploaded ({error}); check AWS_PROFILE") from None


def prepare(name: str, work: Path) -> Upload:
    """Gathers the files of this clone's version, for the bucket of a stack.

    Raises:
        Terminal: There is no such stack, a jar cannot be had, or the authorities of RDS are not there.
    """
    outputs = stacks.outputs_of(name)
    if "LakeBucket" not in outputs:
        raise Terminal(f"stack {name} has no output LakeBucket; update it from deployments/aws/lakehouse.yaml")
    if not AUTHORITIES.exists():
        raise Terminal(f"there is no {AUTHORITIES}; docs/deploy.md says where to get it")
    wheel = artifacts.wheel(work)
    code = work / f"{'-'.join(wheel.name.split('-')[:2])}.zip"  # Spark takes no file that ends in whl
    shutil.copy(wheel, code)
    files = {
        "job.py": artifacts.HERE / "job.py",
        "requirements.txt": artifacts.HERE / "requirements.txt",
        "rds.pem": AUTHORITIES,
        definition.FILE.name: definition.FILE,
        code.name: code,
    }
    files |= {f"jars/{jar.name}": jar for jar in artifacts.fetched()}
    return Upload(outputs["Name"], outputs["LakeBucket"], version(), code.name, files)


def version() -> str:
    """The version of this clone: GIT_SHA, else its commit, marked where files are changed.

    Raises:
        Terminal: Neither is there.
    """
    told = os.environ.get("GIT_SHA") or _described()
    if not VERSION.fullmatch(told):
        raise Terminal("the version is not known: `export GIT_SHA=$(git rev-parse --short HEAD)`")
    return told


def _described() -> str:
    command = ["git", "-C", str(artifacts.CLONE), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()  # noqa: S603
    except OSError:
        return ""


def told(upload: Upload) -> list[str]:
    """What a person must know: the files with their sizes, and the command that brings the stack to this version."""
    sizes = [f"{file.stat().st_size:>12,}  {upload.address(name)}" for name, file in upload.files.items()]
    overrides = " ".join(f"{name}='{value}'" for name, value in upload.parameters.items())
    command = (
        f"aws cloudformation deploy --template-file deployments/aws/glue.yaml --stack-name {upload.lakehouse}-glue "
        f"--capabilities CAPABILITY_NAMED_IAM --parameter-overrides {overrides}"
    )
    return [*sizes, command]


def deploy(stack_name: str, *, dry_run: bool) -> list[str]:
    """Uploads this clone's version, or only tells what would be.

    Raises:
        Terminal: It cannot be gathered or uploaded.
    """
    with tempfile.TemporaryDirectory() as work:
        upload = prepare(stack_name, Path(work))
        if not dry_run:
            upload.send()
        return told(upload)
