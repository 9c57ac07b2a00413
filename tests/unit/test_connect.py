"""What is told of a Spark Connect server before anything is done: no server, no packages, one that is unfit."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lakehouse import connect, session
from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.settings import PLATFORM, Settings, SparkSettings

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
WITHOUT = """
import sys
sys.modules["{package}"] = None
from lakehouse import connect
from lakehouse.contracts import Terminal
try:
    connect.refuse_absent("sc://127.0.0.1:15002")
except Terminal as error:
    print(error)
"""


@pytest.fixture(params=["nobody", "somebody else"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port where no Spark Connect server listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        if request.param != "nobody":
            probe.listen()
        yield probe.getsockname()[1]


def test_a_server_that_is_not_there_is_told_within_seconds_and_can_be_tried_again(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "running", lambda: None)  # whatever the tests before have started
    began = time.monotonic()
    settings = Settings(lake=str(tmp_path / "lake"), spark=SparkSettings(master=f"sc://{HOST}:{port}", reader="jdbc"))

    with pytest.raises(Transient, match=f"^no Spark answers at sc://{HOST}:{port}; nothing was done") as told:
        session.refuse_unready(settings)

    assert time.monotonic() - began < 30
    assert len(str(told.value).splitlines()) == 1
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("package", ["grpc", "zstandard"])
def test_a_missing_package_is_one_line_that_says_what_to_install(package: str, tmp_path: Path) -> None:
    script = tmp_path / "asked.py"
    script.write_text(WITHOUT.format(package=package))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert re.fullmatch(r"sc:// needs more packages \(.+\); install rental-lakehouse\[connect\]\n", done.stdout)


def test_a_server_of_somebody_elses_needs_no_java_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", "")

    def lacking(master: str) -> set[str]:
        settings = Settings(lake=str(tmp_path), jars=tmp_path, spark=SparkSettings(master=master, reader="jdbc"))
        return {name for name, look in session.needs(settings).items() if fails(look)}

    assert lacking("local[2]") == {"Java", "jars"}
    assert lacking(f"spark://{HOST}:9") == {"Java", "jars", "Spark"}
    assert lacking(f"sc://{HOST}:9") == {"Spark"}
    assert lacking(PLATFORM) == set()


def fails(look: Callable[[], object]) -> bool:
    """Whether it finds something missing."""
    try:
        look()
    except PipelineError:
        return True
    return False


def test_a_token_belongs_into_the_environment_and_is_not_shown() -> None:
    with pytest.raises(Terminal, match="put it into SPARK_CONNECT_AUTHENTICATE_TOKEN") as told:
        connect.refuse_absent(f"sc://{HOST}:15002/;use_ssl=true;token=t0k3n")

    assert "t0k3n" not in str(told.value)


@pytest.mark.parametrize("master", ["sc://", "sc://:15002", "sc://host:port", "sc://host/path"])
def test_an_address_that_is_none_is_refused_by_name(master: str) -> None:
    with pytest.raises(Terminal, match=f"^LAKEHOUSE_SPARK__MASTER is {master}: an address is sc://host:port"):
        connect.refuse_absent(master)


def a_server(confs: dict[str, str], version: str = "4.2.0", hadoop: str = "3.5.0") -> SimpleNamespace:
    """What is asked of a server's session."""
    told = SimpleNamespace(collect=lambda: [(hadoop,)])
    frame = SimpleNamespace(selectExpr=lambda _: told)
    return SimpleNamespace(version=version, conf=confs, range=lambda _: frame)


def test_a_server_of_more_extensions_than_ours_is_accepted() -> None:
    more = "other.Extensions," + session.STATIC["spark.sql.extensions"]
    connect.refuse_unfit(a_server(session.STATIC | {"spark.sql.extensions": more}), session.STATIC)


@pytest.mark.parametrize("name", session.STATIC)
@pytest.mark.parametrize("found", [None, "other.Class"])
def test_a_conf_that_a_server_was_not_started_with_is_named(name: str, found: str | None) -> None:
    confs = {n: v for n, v in session.STATIC.items() if n != name} | ({name: found} if found else {})

    with pytest.raises(
        Terminal, match=f"^the Spark Connect server was started without --conf {name}={session.STATIC[name]}$"
    ):
        connect.refuse_unfit(a_server(confs), session.STATIC)


@pytest.mark.parametrize(
    ("older", "said"),
    [({"version": "3.5.6"}, "^Spark 3.5.6"), ({"hadoop": "3.4.1"}, "^Hadoop 3.4.1 cannot work")],
)
def test_a_server_that_cannot_create_under_a_condition_is_refused(older: dict[str, str], said: str) -> None:
    with pytest.raises(Terminal, match=said):
        connect.refuse_unfit(a_server(session.STATIC, **older), session.STATIC)
