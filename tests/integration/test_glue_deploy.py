"""`lakehouse deploy glue`: what a version consists of comes into the lake's bucket, below its name, or nothing does."""

import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from demo.servers.s3 import S3Server
from deployments.glue import artifacts, upload
from lakehouse import jars, logstore
from lakehouse.contracts import Terminal
from tests.support import cloud

TEMPLATE = cloud.TEMPLATE.with_name("glue.yaml")


@pytest.fixture(scope="module")
def outputs(aws: S3Server) -> dict[str, str]:
    return cloud.create_stack(aws)


@pytest.fixture(autouse=True)
def deployer(aws: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody with a clone of version abc who has fetched the authorities of RDS."""
    (tmp_path / "rds.pem").write_text("authorities")
    monkeypatch.setattr(upload, "AUTHORITIES", tmp_path / "rds.pem")
    monkeypatch.setenv("GIT_SHA", "abc")
    with cloud.entered(aws):
        yield


def keys(aws: S3Server, bucket: str) -> set[str]:
    found = cloud.client(aws, "s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return {entry["Key"] for entry in found}


def test_a_dry_run_tells_all_and_uploads_nothing(aws: S3Server, outputs: dict[str, str]) -> None:
    done = CliRunner().invoke(app, ["deploy", "glue", "--dry-run"])

    assert done.exit_code == 0, done.output
    assert f"s3://{outputs['LakeBucket']}/deploy/glue/abc/job.py" in done.output
    assert done.output.splitlines()[-1] == "nothing was uploaded"
    assert keys(aws, outputs["LakeBucket"]) == set()


def test_a_version_is_uploaded_whole_and_the_stack_made_of_what_is_told_finds_it(
    aws: S3Server, outputs: dict[str, str], tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["deploy", "glue"])

    assert done.exit_code == 0, done.output
    names = {key.removeprefix("deploy/glue/abc/") for key in keys(aws, outputs["LakeBucket"])}
    wanted = {jar.file for jar in jars.locked(artifacts.SHIPPED, artifacts.LOCK)} | {logstore.jar_name()}
    code = "rental_lakehouse-0.1.0.zip"
    assert names == {"job.py", "requirements.txt", "rds.pem", "pipeline.asl.json", code} | {
        f"jars/{name}" for name in wanted
    }
    of_the_platform = ("jars/hadoop", "jars/s3-", "jars/sdk")
    assert not {name for name in names if name.startswith(of_the_platform)}
    cloud.client(aws, "s3").download_file(outputs["LakeBucket"], f"deploy/glue/abc/{code}", str(tmp_path / code))
    inside = set(zipfile.ZipFile(tmp_path / code).namelist())
    assert {"deployments/glue/entry.py", "lakehouse/jars.lock", "transforms/silver/bookings.py"} <= inside

    told = done.output.splitlines()[-1]
    given = dict(word.split("=", 1) for word in told.partition("--parameter-overrides ")[2].replace("'", "").split())
    more = {"SubnetId": outputs["SubnetIds"].partition(",")[0], "AvailabilityZone": "us-east-1a"}
    cloud.created(aws, TEMPLATE, "glue", {**given, **more})
    job = cloud.client(aws, "glue").get_job(JobName="lakehouse-step")["Job"]
    told_places = [job["Command"]["ScriptLocation"]]
    for name in ("--extra-py-files", "--extra-jars", "--extra-files", "--additional-python-modules"):
        told_places += job["DefaultArguments"][name].split(",")
    uploaded = {f"s3://{outputs['LakeBucket']}/{key}" for key in keys(aws, outputs["LakeBucket"])}
    machine = f"s3://{outputs['LakeBucket']}/deploy/glue/abc/pipeline.asl.json"
    assert {*told_places, machine} == uploaded


def test_twice_is_once(aws: S3Server, outputs: dict[str, str]) -> None:
    first = CliRunner().invoke(app, ["deploy", "glue"])
    before = keys(aws, outputs["LakeBucket"])
    assert CliRunner().invoke(app, ["deploy", "glue"]).output == first.output
    assert keys(aws, outputs["LakeBucket"]) == before


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda patch, _: patch.setenv("GIT_SHA", "a b"), "the version is not known"),
        (lambda patch, path: (path / "rds.pem").unlink(), "docs/deploy.md says where to get it"),
        (lambda patch, _: patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), "AWS cannot be asked"),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    damage: Callable[[pytest.MonkeyPatch, Path], object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(monkeypatch, tmp_path)
    done = CliRunner().invoke(app, ["deploy", "glue"])
    assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert len(done.stderr.splitlines()) == 1


def test_a_stack_that_is_not_there_is_told() -> None:
    with pytest.raises(Terminal, match=r"stack nowhere: .*check its name"):
        upload.deploy("nowhere", dry_run=True)


def test_a_changed_clone_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_SHA")
    monkeypatch.setattr(artifacts, "CLONE", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    clean = upload.version()
    (tmp_path / "file").write_text("2")
    assert upload.version() == f"{clean}-dirty"
