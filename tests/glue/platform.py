"""What a platform must be is looked at and told: it holds on Glue's Spark here, and is refused where it does not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.s3 import S3Server
from lakehouse.lake import Lake
from tests.support import cloud
from tests.support import glue as played_glue
from tests.support.glue import BUCKET, Glue

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
CONDITION = "spark.hadoop.fs.s3a.create.conditional.enabled=false"
OTHER = "org.apache.hadoop.fs.RawLocalFileSystem"


@pytest.fixture(scope="module")
def glue(
    tmp_path_factory: pytest.TempPathFactory, aws: S3Server, source_server: MariaDb, warehouse_server: Postgres
) -> Iterator[Glue]:
    generate(admin_of(source_server), 0.02)
    with cloud.entered(aws):
        yield played_glue.opened(tmp_path_factory.mktemp("jobs"), aws, source_server, warehouse_server)


def keys(glue: Glue) -> list[str]:
    """The objects in the bucket, without what S3A leaves where a folder was."""
    found = cloud.client(glue.server, "s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"] for entry in found if not entry["Key"].endswith("/")]


def test_all_holds_on_the_spark_of_glue_6_and_nothing_is_left_behind(glue: Glue) -> None:
    found = glue.job("--verify", "true")
    assert found.code == 0, found.output[-3000:] + found.errors[-3000:]
    lines = [line.split(" INFO ")[-1] for line in found.output.splitlines()]
    assert [line for line in lines if line.startswith(("yes", "NO"))] == [
        "yes  an object is created only where there is none, by the log store",
        "yes  an object is created only where there is none, by boto3",
        "yes  a table that delta-rs writes is merged into by Spark, and delta-rs reads it",
        "yes  the Python of the executors hides values, if there is a need to",
        "yes  the source answers the driver, its certificate verified as the settings say",
        "yes  the source answers the executors",
        "yes  the warehouse answers",
    ]
    assert any(line.startswith("Spark 4.1.1, pyspark 4.1.1, Python 3.") for line in lines)
    assert {"Hadoop 3.4.2", "Delta 4.4.0"} <= set(lines)
    assert "s3a:// is served by org.apache.hadoop.fs.s3a.S3AFileSystem" in lines
    assert keys(glue) == []


def test_a_file_system_that_cannot_create_under_a_condition_is_found(glue: Glue) -> None:
    found = replace(glue, confs=(CONDITION,)).job("--verify", "true")
    assert found.code == 1
    assert found.said.startswith("Terminal: an object is created only where there is none, by the log store: ")
    assert keys(glue) == []


def test_another_file_system_is_refused_before_anything_is_tried(glue: Glue) -> None:
    found = replace(glue, confs=(f"spark.hadoop.fs.s3a.impl={OTHER}",)).job("--verify", "true")
    assert (found.code, found.said.split(",")[0]) == (1, f"Terminal: s3a:// is served by {OTHER}")


def test_a_database_that_does_not_answer_is_named_and_the_rest_is_looked_at(glue: Glue) -> None:
    found = glue.job("--verify", "true", LAKEHOUSE_WAREHOUSE__PORT="1")
    assert (found.code, found.said.startswith("Terminal: the warehouse answers: ")) == (1, True), found.said
    assert found.output.count("yes  ") == 6


def test_what_cannot_be_is_told_in_one_line_by_its_family_and_nothing_is_written(glue: Glue) -> None:
    before, run = keys(glue), ("--run-id", "day1")
    odd = {
        "unknown table": glue.job(*run, "--table", "bokings"),
        "no step": glue.job(*run),
        "another run": glue.job("--run-id", "day3", "--table", "bookings"),
        "nobody there": glue.job("--run-id", "day3", "--plan", "true", LAKEHOUSE_SOURCE__PORT="1"),
        "a secret": glue.job(*run, "--marts", "true", LAKEHOUSE_SOURCE__PASSWORD="canary-31"),
        "other reader": glue.job("--run-id", "day1", "--table", "apartments", LAKEHOUSE_LAKE="s3://lake/else"),
    }
    assert {name: (found.code, found.said.split(";")[0]) for name, found in odd.items()} == {
        "unknown table": (1, "Terminal: there is no table bokings"),
        "no step": (1, "Terminal: no step asked for"),
        "another run": (1, "Terminal: run day3 has no plan in s3://lake/lake: run --plan first"),
        "nobody there": (1, "Transient: source 127.0.0.1:1 is unreachable"),
        "a secret": (
            1, "Terminal: LAKEHOUSE_SOURCE__PASSWORD is a secret, and an argument is shown to all who may see the job: "
            "keep it in Secrets Manager, and give the secret's ARN as LAKEHOUSE_SOURCE__SECRET",
        ),
        "other reader": (1, "Terminal: run day1 has no plan in s3://lake/else: run --plan first"),
    }  # fmt: skip
    assert "canary-31" not in odd["a secret"].errors + odd["a secret"].output
    assert keys(glue) == before


@pytest.mark.parametrize("lost", ["delta-spark", "delta-storage", "logstore", "mariadb-java-client"])
def test_a_jar_that_is_missing_is_named_before_anything_is_written(glue: Glue, lost: str) -> None:
    fewer = replace(glue, jars=tuple(jar for jar in glue.jars if not jar.name.startswith(lost)))
    lake = {"LAKEHOUSE_LAKE": f"s3://{BUCKET}/{lost}"}
    assert fewer.job("--run-id", "r", "--plan", "true", "--publish", "false", **lake).code == 0
    found = fewer.job("--run-id", "r", "--table", "exchange_rates", **lake)
    told, _, names = found.said.split(";")[0].rpartition(": ")
    assert (found.code, told) == (1, "Terminal: missing on the class path")
    assert lost in names.split(", ")
    assert Lake(f"s3://{BUCKET}/{lost}").open("bronze", "exchange_rates") is None
