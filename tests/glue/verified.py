"""What must be proven on a real Glue, on the S3 test server: it holds here, and is told where it does not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from tests.support import cloud
from tests.support import glue as played_glue
from tests.support.glue import BUCKET, Glue

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
CONDITION = "spark.hadoop.fs.s3a.create.conditional.enabled=false"
OTHER = "org.apache.hadoop.fs.RawLocalFileSystem"


@pytest.fixture(scope="module")
def glue(
    tmp_path_factory: pytest.TempPathFactory, source_server: MariaDb, warehouse_server: Postgres
) -> Iterator[Glue]:
    folder = tmp_path_factory.mktemp("verify")
    server = cloud.start(folder)
    generate(admin_of(source_server), 0.02)
    yield played_glue.opened(folder, server, source_server, warehouse_server)
    server.stop()


def keys(glue: Glue) -> list[str]:
    found = cloud.client(glue.server, "s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"] for entry in found]


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
