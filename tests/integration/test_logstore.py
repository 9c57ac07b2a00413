"""The log store on a local disk, through the real Java class: an entry is written once and never again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark
import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from py4j.protocol import Py4JJavaError

from lakehouse import jars

CLONE = Path(__file__).parents[2]
ENTRIES = 200
TICK_SECONDS = 0.02


@dataclass(frozen=True)
class Store:
    """The log store of one JVM of its own."""

    jvm: Any
    configuration: Any

    def write(self, entry: Path, *actions: str, overwrite: bool = False) -> None:
        store = self.jvm.lakehouse.logstore.ConditionalLogStore(self.configuration)
        lines = self.jvm.java.util.ArrayList()
        for action in actions:
            lines.add(action)
        store.write(self.jvm.org.apache.hadoop.fs.Path(str(entry)), lines.iterator(), overwrite, self.configuration)


@contextmanager
def running_store() -> Iterator[Store]:
    wheel = Path(pyspark.__file__).parent / "jars"
    libraries = [*jars.class_path(jars.default_folder()), *wheel.glob("*.jar")]
    port = launch_gateway(classpath=":".join(map(str, libraries)), java_path=str(jars.find_java()), die_on_exit=True)
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    try:
        yield Store(gateway.jvm, gateway.jvm.org.apache.hadoop.conf.Configuration())
    finally:
        gateway.shutdown()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as found:
        yield found


def race(folder: Path, name: str) -> None:
    """Tries to write an entry at every tick from the given moment on; tells those that were accepted."""
    with running_store() as found:
        found.write(folder / name, "warmed up")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        start = float(sys.stdin.readline())
        for number in range(ENTRIES):
            time.sleep(max(0.0, start + number * TICK_SECONDS - time.time()))
            try:
                found.write(folder / f"{number:020}.json", f"{name} {number}")
                sys.stdout.write(f"{number} ")
            except Py4JJavaError as error:
                assert "FileAlreadyExistsException" in str(error.java_exception)


def start_racer(folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", __name__, str(folder), name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CLONE)


@pytest.mark.fault("F51")
def test_of_two_processes_that_race_for_each_entry_exactly_one_wins(tmp_path: Path) -> None:
    racers = {name: start_racer(tmp_path, name) for name in ("one", "two")}
    assert [racer.stdout.readline() for racer in racers.values()] == ["ready\n", "ready\n"]
    moment = time.time() + 0.5
    for racer in racers.values():
        racer.stdin.write(f"{moment}\n")
        racer.stdin.flush()
    won = {name: racer.communicate(timeout=120)[0].split() for name, racer in racers.items()}

    assert [racer.returncode for racer in racers.values()] == [0, 0]
    assert sorted(map(int, won["one"] + won["two"])) == list(range(ENTRIES))
    for name, numbers in won.items():
        for number in map(int, numbers):
            assert (tmp_path / f"{number:020}.json").read_text() == f"{name} {number}\n"
    assert len(list(tmp_path.iterdir())) == ENTRIES + len(racers), "a temporary file was left"


def test_an_entry_that_exists_is_refused_and_keeps_its_content(store: Store, tmp_path: Path) -> None:
    store.write(tmp_path / "1.json", "first")

    with pytest.raises(Py4JJavaError, match=r"java\.nio\.file\.FileAlreadyExistsException"):
        store.write(tmp_path / "1.json", "second")

    assert (tmp_path / "1.json").read_text() == "first\n"
    assert [file.name for file in tmp_path.iterdir()] == ["1.json"]


def test_writing_the_same_entry_again_succeeds(store: Store, tmp_path: Path) -> None:
    store.write(tmp_path / "1.json", "a", "b")
    store.write(tmp_path / "1.json", "a", "b")

    assert (tmp_path / "1.json").read_text() == "a\nb\n"
    assert [file.name for file in tmp_path.iterdir()] == ["1.json"]


def test_a_file_that_may_be_overwritten_is_replaced_whole(store: Store, tmp_path: Path) -> None:
    pointer = tmp_path / "_last_checkpoint"
    store.write(pointer, "a long first content", overwrite=True)
    before = pointer.stat().st_ino
    store.write(pointer, "short", overwrite=True)

    assert pointer.read_text() == "short\n"
    assert pointer.stat().st_ino != before, "it was rewritten in place"
    assert [file.name for file in tmp_path.iterdir()] == [pointer.name]


def test_an_entry_in_a_folder_with_blanks_and_umlauts_goes_where_it_belongs(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "a lake" / "Wörk"
    store.write(folder / "1.json", "first")

    assert (folder / "1.json").read_text() == "first\n"


def test_a_folder_that_cannot_be_made_is_an_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(Py4JJavaError, match=r"java\.io|java\.nio|ParentNotDirectory"):
        store.write(tmp_path / "file" / "1.json", "first")


if __name__ == "__main__":
    race(Path(sys.argv[1]), sys.argv[2])
