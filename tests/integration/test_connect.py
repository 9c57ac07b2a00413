"""The promises that hang on Spark, kept over Spark Connect: a server started from the wheel, by somebody else."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from pyspark.errors import PySparkException
from pyspark.sql import Column as Expression
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from demo.servers import s3
from demo.servers.mariadb import MariaDb
from demo.servers.s3 import S3Server
from lakehouse import connect, delta, failures, jars, session
from lakehouse.contracts import Column, Terminal, Transient
from lakehouse.lake import State
from lakehouse.pseudonyms import Pseudonyms
from lakehouse.settings import Settings, SparkSettings
from lakehouse.source import jdbc
from tests.integration.test_readers import SLOW, at_work, with_source
from tests.integration.test_s3 import KEY
from tests.support import cluster
from tests.support.ecs import wait
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
SECONDS = 300
CANCELED = "SparkListenerConnectOperationCanceled"
S3_STORE = "spark.delta.logStore.s3a.impl"


@dataclass(frozen=True)
class Server:
    """A Spark Connect server, and the folder of what it says."""

    folder: Path
    master: str

    @property
    def settings(self) -> SparkSettings:
        """Those by which it is used."""
        return SparkSettings(master=self.master, reader="jdbc")

    def said(self) -> str:
        """Its log, and the events that its pages are made of."""
        files = [self.folder / "connect.log", *(self.folder / "events").rglob("events_*")]
        return "\n".join(file.read_text(errors="replace") for file in files)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server, and no other Spark for this process as long as it is there."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "events").mkdir()
    events = {"enabled": "true", "dir": (folder / "events").as_uri(), "compress": "false"}
    confs = session.STATIC | session.OWN | {f"spark.eventLog.{name}": value for name, value in events.items()}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
        with cluster.connect(folder, confs, jars.class_path(jars.default_folder())) as master:
            yield Server(folder, master)
            for opened in connect.opened():  # or they ask a server that is gone
                opened.release_session_on_close = False
                opened.stop()


@pytest.fixture
def world(source_server: MariaDb, server: Server, tmp_path: Path) -> Iterator[Lab]:
    """Fifty rows."""
    lake = str(tmp_path / "lake")
    with lab(source_server, lake, STAMPED, STAMPED_DDL, spark=server.settings) as opened:
        opened.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_50")
        yield opened


def beside(work: Callable[[], object]) -> Future[object]:
    """Work in a thread, and so a session, of its own."""
    pool = ThreadPoolExecutor(1)
    found = pool.submit(work)
    pool.shutdown(wait=False)
    return found


def test_a_load_and_a_repair_hold_the_source(world: Lab) -> None:
    world.run()
    assert world.holds_the_source()
    world.sql("UPDATE thing SET value = -1 WHERE id < 10", "DELETE FROM thing WHERE id = 11")
    world.run("reconcile")
    assert world.holds_the_source()


@pytest.mark.parametrize("table", ["new", "old"])
@pytest.mark.parametrize("told", [True, False], ids=["told", "unprotected"])
@pytest.mark.fault("F37")
def test_a_commit_that_another_session_was_faster_with_is_told_as_superseded(
    world: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, told: bool
) -> None:
    lake, before = world.opened().lake, None
    if table == "old":
        before = commit(world, None, "first")
    slow = beside(lambda: commit(world, before, "slow", lambda: held_up(tmp_path)))
    wait(lambda: slow.done() or (tmp_path / "begun").exists(), SECONDS, lambda: "nothing is written")
    fast = commit(world, before, "fast")
    if not told:
        monkeypatch.setattr(delta, "LOST", ())
    (tmp_path / "go on").touch()

    with pytest.raises(delta.Superseded if told else PySparkException) as found:
        slow.result(SECONDS)

    if told:
        assert str(found.value) == "bronze/thing: superseded by run fast"
        assert isinstance(found.value.__context__, PySparkException), "it is told by what Delta says"
    assert lake.state("bronze", "thing") == fast
    assert lake.count("bronze", "thing") == 50 * fast.seq


def commit(
    world: Lab, before: State | None, run: str, condition: Callable[[], Expression] = lambda: F.lit(True)
) -> State:
    """A commit of fifty rows behind `before`, by the session of this thread."""
    own, lake = session.child(world.settings), world.opened().lake
    state = delta.next_state("bronze/thing", before, run, "window")
    rows = own.range(0, 50, 1, 1).where(condition())
    return delta.commit(lake, "bronze", "thing", state, own, delta.append(rows))


def held_up(folder: Path) -> Expression:
    """True, but not before somebody says so."""

    def waits(values):
        import time  # noqa: PLC0415

        import pyarrow  # noqa: PLC0415

        (folder / "begun").touch()
        while not (folder / "go on").exists():
            time.sleep(0.1)
        return pyarrow.array([True] * len(values), pyarrow.bool_())

    return arrow_udf(waits, "boolean")(F.col("id"))


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "unprotected"])
def test_the_sources_password_is_in_nothing_that_the_server_says(
    world: Lab, server: Server, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    if not hidden:
        monkeypatch.setattr(connect, "HIDDEN", {})
    words = [f"word{time.monotonic_ns()}", f'a"quoted{time.monotonic_ns()}']

    def read(password: str) -> None:
        spark, settings = session.child(world.settings), with_source(world, password=SecretStr(password))
        jdbc.read(spark, settings, STAMPED, "TRUE", "FALSE")

    for word in words:
        with pytest.raises(Terminal, match="refused user lakehouse") as found:
            beside(partial(read, word)).result(SECONDS)
        assert word not in str(found.getrepr())

    said = server.said()
    assert any(word.rpartition('"')[2] in said for word in words) is not hidden
    assert ("redacted" in said) or not hidden


def test_a_read_beyond_its_deadline_is_ended_at_the_server_and_at_the_source(world: Lab, server: Server) -> None:
    spark, known = session.child(world.settings), server.said().count(CANCELED)
    hasty = with_source(world, read_deadline_seconds=5)

    with pytest.raises(Transient, match=r"not done after 5 s; ended"):
        jdbc.read(spark, hasty, STAMPED, SLOW.replace("0.1", "10"), "FALSE")

    wait(lambda: at_work(world) == [], SECONDS, lambda: "the source still works")
    wait(lambda: server.said().count(CANCELED) == known + 1, SECONDS, lambda: "the server was not asked to end it")
    assert jdbc.read(spark, world.settings, STAMPED, "TRUE", "FALSE")[0].count() == 50, "in time it is read"


def test_a_canceled_run_ends_what_its_threads_are_reading(world: Lab, server: Server) -> None:
    slow, known = SLOW.replace("0.1", "0.3"), server.said().count(CANCELED)
    reading = beside(lambda: jdbc.read(session.child(world.settings), world.settings, STAMPED, slow, "FALSE"))
    wait(lambda: reading.done() or at_work(world) != [], SECONDS, lambda: "nothing is read")

    session.stop_jobs()

    with pytest.raises(Transient, match="the executors' read broke off"):
        reading.result(SECONDS)
    wait(lambda: server.said().count(CANCELED) == known + 1, SECONDS, lambda: "the server was not asked to end it")


def test_a_server_that_is_lost_in_mid_read_is_a_retry(world: Lab, tmp_path: Path) -> None:
    ours = jars.class_path(jars.default_folder())
    with cluster.connect(tmp_path, session.STATIC | session.OWN, ours) as master:
        there = world.with_settings(spark=SparkSettings(master=master, reader="jdbc")).settings
        reading = beside(lambda: jdbc.read(session.child(there), there, STAMPED, SLOW.replace("0.1", "0.5"), "FALSE"))
        wait(lambda: reading.done() or at_work(world) != [], SECONDS, lambda: "nothing is read")

    with pytest.raises(Transient, match="the executors' read broke off"):
        reading.result(SECONDS)


def test_a_server_that_is_lost_in_mid_write_is_told_as_that_and_nothing_of_the_commit_is_left(
    world: Lab, tmp_path: Path
) -> None:
    (tmp_path / "server").mkdir()
    ours = jars.class_path(jars.default_folder())
    with cluster.connect(tmp_path / "server", session.STATIC | session.OWN, ours) as master:
        there = world.with_settings(spark=SparkSettings(master=master, reader="jdbc"))
        writing = beside(lambda: commit(there, None, "lost", lambda: held_up(tmp_path)))
        wait(lambda: writing.done() or (tmp_path / "begun").exists(), SECONDS, lambda: "nothing is written")

    with pytest.raises(PySparkException) as found:
        writing.result(SECONDS)

    told = failures.told("table thing", found.value)
    assert told == f"the Spark Connect server was lost; {failures.SAFE}"
    assert world.opened().lake.state("bronze", "thing") is None


def test_a_key_hides_the_same_there_as_here_and_leaves_a_plain_text(world: Lab, server: Server) -> None:
    hiding = Pseudonyms(SecretStr(f"a secret key {time.monotonic_ns()}"), identifiers=True)
    mail = Column("mail", "STRING", pii="personal")
    rows = session.child(world.settings).range(3).select(hiding.instead_of(F.col("id").cast("string"), mail).alias("m"))
    path = str(Path(world.settings.lake) / "hidden")

    rows.write.format("delta").save(path)

    there = session.child(world.settings).read.format("delta").load(path)
    assert {row.m for row in there.collect()} == {hiding.value(str(n), mail) for n in range(3)}
    assert [field.dataType.simpleString() for field in there.schema] == ["string"]
    assert hiding.mark("values") not in server.said()


@pytest.mark.usefixtures("server")
def test_a_server_writes_a_lake_on_s3_with_the_key_that_it_was_started_with(
    source_server: MariaDb, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    root, ours = f"s3://{s3_server.bucket}/connect", jars.class_path(jars.default_folder())

    with lab(source_server, root, STAMPED, STAMPED_DDL, lake_kms_key=KEY) as world:
        world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_50")
        with cluster.connect(tmp_path, session._static(world.settings) | session.OWN, ours) as master:
            there = world.with_settings(spark=SparkSettings(master=master, reader="jdbc"))

            def play() -> bool:
                own = session._started(there.settings, session._starter(there.settings))
                there.run()
                whole = there.holds_the_source()
                own.stop()
                return whole

            assert beside(play).result(SECONDS)

    client = s3.client(s3_server)
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=s3_server.bucket, Prefix="connect/")["Contents"]]
    heads = {key: client.head_object(Bucket=s3_server.bucket, Key=key) for key in keys}
    assert any(key.endswith(".parquet") for key in keys)
    assert {head.get("SSEKMSKeyId") for head in heads.values() if head["ContentLength"]} == {KEY}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("delta-spark", "the Spark Connect server cannot work; has it the jars of `make jars`? Cannot find"),
        ("logstore", "missing on the class path of the executors: logstore; "),
    ],
    ids=["delta", "log store"],
)
def test_an_unfit_server_is_refused_by_what_it_lacks_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str, said: str
) -> None:
    confs = {name: value for name, value in session.STATIC.items() if name != S3_STORE}
    fewer = [jar for jar in jars.class_path(jars.default_folder()) if lost not in jar.name]

    with cluster.connect(tmp_path, confs, fewer) as master:
        settings = Settings(lake=str(tmp_path / "lake"), spark=SparkSettings(master=master, reader="jdbc"))
        missing = refused(settings)
        monkeypatch.setattr(session, "STATIC", confs)
        lacking = refused(settings)

    assert missing == f"the Spark Connect server was started without --conf {S3_STORE}={session.LOG_STORE}"
    assert lacking.startswith(said)
    assert len(lacking.splitlines()) == 1
    assert not (tmp_path / "lake").exists()


def refused(settings: Settings) -> str:
    """What is said of a server, asked by a thread of its own."""
    with pytest.raises(Terminal) as found:
        beside(lambda: session._started(settings, session._starter(settings))).result(SECONDS)
    return str(found.value)
