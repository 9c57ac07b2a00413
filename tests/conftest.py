"""Servers shared by all tests of a session; each is real, and gone at the end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers import mariadb, postgres, prefect, s3
from lakehouse import session
from lakehouse.lake import Lake
from tests.support import cloud

os.environ["PYSPARK_PYTHON"] = "python3"


def pytest_configure() -> None:
    """A run that is told to end takes its servers along."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 143))


@pytest.fixture(scope="session")
def source_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.MariaDb]:
    server = mariadb.start(tmp_path_factory.mktemp("source"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def warehouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Postgres]:
    server = postgres.start(tmp_path_factory.mktemp("warehouse"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def prefect_server(
    tmp_path_factory: pytest.TempPathFactory, warehouse_server: postgres.Postgres
) -> Iterator[prefect.PrefectServer]:
    server = prefect.start(tmp_path_factory.mktemp("prefect"), warehouse_server)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting or `.env` of the developer reaches a test."""
    for name in list(os.environ):
        if name.startswith("LAKEHOUSE_") and name != "LAKEHOUSE_JARS":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def forgotten_tables() -> Iterator[None]:
    """Delta keeps what it read of a table's log for an hour: hundreds of tests' tables would fill the heap."""
    yield
    running = session.running()
    if running is not None and "io.delta" in str(running.conf.get("spark.sql.extensions", "")):
        running._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.S3Server]:
    server = s3.start(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.S3Server]:
    """Amazon's services, played, with nothing in them: each module has its own."""
    server = cloud.start(tmp_path_factory.mktemp("cloud"))
    yield server
    server.stop()


@pytest.fixture(params=["disk", "s3"])
def lake_anywhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake, on a disk and on S3."""
    if request.param == "disk":
        return Lake(str(tmp_path / "lake"))
    server: s3.S3Server = request.getfixturevalue("s3_server")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return Lake(f"s3://{server.bucket}/{tmp_path.name}")
