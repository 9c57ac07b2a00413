"""The same tables whatever Spark makes them: in one process, on a cluster of two workers, at a Spark Connect server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo import horizon
from demo.marketplace.admin import Admin, admin_of
from demo.marketplace.evolve import evolve
from demo.marketplace.generate import generate
from demo.servers.mariadb import MariaDb
from lakehouse import cluster as product
from lakehouse import floor, jars, session
from lakehouse.contracts import Terminal, Transient
from lakehouse.lake import Lake
from lakehouse.settings import Settings, SourceSettings, SparkSettings
from lakehouse.source.connection import connect
from lakehouse.source.horizon import safe_horizon
from tests.support import cluster
from tests.support.contents import contents
from tests.support.ecs import wait
from tests.support.marketplace_run import AT

ROOT = Path(__file__).parents[2]
SCALE, DATABASE = 0.02, "clusters"
RUN_SECONDS = 1800
IN_ONE_PROCESS = {"LAKEHOUSE_SPARK__MASTER": "local[2]"}
WITHOUT_A_JAR = """
from lakehouse import session, settings
from lakehouse.contracts import Terminal

def fewer(given):
    builder = whole(given)
    path = builder._options["spark.executor.extraClassPath"].split(":")
    return builder.config("spark.executor.extraClassPath", ":".join(jar for jar in path if "{lost}" not in jar))

whole, session._own = session._own, fewer
try:
    session.spark(settings.load())
except Terminal as error:
    print(str(error).split(";")[0])
"""
Sums = dict[str, tuple[int, str]]


@dataclass
class Engine:
    """A way to run: its settings, its lake, and what each run left there."""

    settings: dict[str, str]
    lake: Path
    source: MariaDb
    seen: dict[str, Sums] = field(default_factory=dict)

    def start(self, at: int) -> subprocess.Popen[str]:
        """Starts a run whose reads end at a moment, in microseconds."""
        base = {n: v for n, v in os.environ.items() if not n.startswith(("LAKEHOUSE_", "SPARK_", "PYSPARK_"))}
        source = {"HOST": self.source.host, "PORT": str(self.source.port), "USER": self.source.user,
                  "PASSWORD": self.source.password, "DATABASE": DATABASE, "TLS": "off"}  # fmt: skip
        told = {f"LAKEHOUSE_SOURCE__{name}": value for name, value in source.items()}
        more = {"LAKEHOUSE_LAKE": str(self.lake), "LAKEHOUSE_JARS": str(jars.default_folder()), AT: str(at)}
        spark = {"SPARK_LOCAL_IP": cluster.HOST, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.marketplace_run"], cwd=self.lake.parent, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=base | told | more | spark | self.settings,
        )  # fmt: skip

    def run(self, at: int) -> tuple[int, str]:
        """The exit code of a run, and what it said."""
        return ended(self.start(at))


def on_cluster(master: str) -> dict[str, str]:
    """What is set where a cluster reads and works."""
    return {"LAKEHOUSE_SPARK__MASTER": master, "LAKEHOUSE_SPARK__READER": "jdbc"}


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        said, _ = process.communicate(timeout=RUN_SECONDS)
    finally:
        process.kill()
    return process.returncode, said


@pytest.fixture(scope="module")
def admin(source_server: MariaDb) -> Iterator[Admin]:
    """A marketplace of its own."""
    found = admin_of(source_server, DATABASE)
    generate(found, SCALE)
    yield found
    with found.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {DATABASE}")


def now(server: MariaDb) -> int:
    """A horizon that all commits so far lie below."""
    horizon.wait(server, 60)
    source = SourceSettings(host=server.host, port=server.port, user=server.user, password=server.password, tls="off")
    with connect(source) as connection:
        return safe_horizon(connection, source).at


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster.standalone(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def connect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ours = jars.class_path(jars.default_folder())
    with cluster.connect(tmp_path_factory.mktemp("server"), session.STATIC | session.OWN, ours) as started:
        yield started


@pytest.fixture(scope="module")
def engines(
    admin: Admin,
    source_server: MariaDb,
    two_workers: str,
    connect_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Engine]:
    """Each way to run, after a first load and a changed day."""
    ways = {"local": IN_ONE_PROCESS, "standalone": on_cluster(two_workers), "connect": on_cluster(connect_server)}
    made = {
        name: Engine(settings, tmp_path_factory.mktemp(name) / "lake", source_server) for name, settings in ways.items()
    }
    for day in ("first load", "changed day"):
        if day == "changed day":
            evolve(admin)
        at = now(source_server)
        for name, engine in made.items():
            code, said = engine.run(at)
            assert code == 0, f"{name}, {day}: {said[-3000:]}"
            engine.seen[day] = contents(Lake(str(engine.lake)))
    return made


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ["standalone", "connect"])
@pytest.mark.parametrize("day", ["first load", "changed day"])
def test_a_cluster_makes_the_same_tables_as_one_process(engines: dict[str, Engine], day: str, name: str) -> None:
    expected = engines["local"].seen[day]

    assert len(expected) > 25
    assert engines[name].seen[day] == expected


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_an_executor_that_is_killed_in_mid_run_loses_and_doubles_no_row(
    admin: Admin, source_server: MariaDb, two_workers: str, tmp_path: Path
) -> None:
    local = Engine(IN_ONE_PROCESS, tmp_path / "local", source_server)
    standalone = Engine(on_cluster(two_workers), tmp_path / "standalone", source_server)
    at, lake = now(source_server), Lake(str(standalone.lake))
    code, said = local.run(at)
    assert code == 0, said[-3000:]

    running = standalone.start(at)
    wait(
        lambda: running.poll() is not None or lake.state("bronze", "bookings") is not None,
        RUN_SECONDS,
        lambda: "no commit",
    )
    found = cluster.executors()
    assert len(found) == cluster.WORKERS
    found[0].kill()
    assert running.poll() is None
    code, said = ended(running)
    if code != 0:  # what it had read of the source went with it, and is not read a second time within a commit
        assert said.splitlines()[-1].startswith("Transient: "), said[-3000:]
        code, said = standalone.run(at)

    assert code == 0, said[-3000:]
    assert contents(lake) == contents(Lake(str(local.lake)))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lost", ["delta-spark", "logstore"])
def test_a_jar_that_the_workers_lack_is_named_and_nothing_is_written(
    two_workers: str, tmp_path: Path, lost: str
) -> None:
    lake = tmp_path / "lake"
    settings = {**on_cluster(two_workers), "LAKEHOUSE_LAKE": str(lake)}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": cluster.HOST, **settings}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_JAR.format(lost=lost)],
        capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip

    assert done.stdout.strip() == f"missing on the class path of the executors: {lost}"
    assert not lake.exists()


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_the_changed_day_is_another_one(engines: dict[str, Engine]) -> None:
    seen = engines["local"].seen

    assert seen["first load"]["silver/bookings"] != seen["changed day"]["silver/bookings"]


def test_a_cluster_that_is_not_there_is_told_at_once_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "running", lambda: None)  # whatever the tests before have started
    with socket.socket() as probe:
        probe.bind((cluster.HOST, 0))
        master = f"spark://{cluster.HOST}:{probe.getsockname()[1]}"
    began = time.monotonic()

    with pytest.raises(Transient, match=f"no Spark answers at {master}; nothing was done"):
        session.refuse_unready(Settings(lake=str(tmp_path / "lake"), spark=SparkSettings(master=master, reader="jdbc")))

    assert time.monotonic() - began < 10
    assert not (tmp_path / "lake").exists()


def test_a_class_that_no_executor_has_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spark = session.spark(Settings(lake=str(tmp_path / "lake")))
    floor.refuse_lacking(spark, is_s3=True)

    monkeypatch.setitem(floor.CLASSES, "io.delta.Absent", "delta-other")
    with pytest.raises(Terminal, match="missing on the class path of the executors: delta-other; "):
        floor.refuse_lacking(spark, is_s3=False)


@pytest.mark.parametrize("master", ["spark://nowhere", "spark://host:port", "spark://"])
def test_an_address_without_host_or_port_is_refused_by_name(master: str) -> None:
    with pytest.raises(Terminal, match=rf"LAKEHOUSE_SPARK__MASTER is {master}: an address is spark://host:port"):
        product.refuse_absent(master)
