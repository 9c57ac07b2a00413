"""What is fetched is what the lock says, and a machine without the right Java is told so in one line."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakehouse import jars, logstore
from lakehouse.contracts import Terminal

NAME = "reactive-streams-1.0.4.jar"
LINE = next(line for line in jars.LOCK.read_text().splitlines() if ":reactive-streams:" in line)
GOOD = LINE.split()[1]


def lock_of(folder: Path, sha256: str) -> Path:
    """A lock of one small jar."""
    lock = folder / "one.lock"
    lock.write_text(LINE.replace(GOOD, sha256))
    return lock


def fake_java(folder: Path, version: str) -> Path:
    """A `java` that only tells this version."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2018-10-16' >&2\n")
    java.chmod(0o755)
    return java


def test_a_jar_with_a_wrong_checksum_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a jar")
    (tmp_path / logstore.jar_name()).write_bytes(b"compiled")

    with pytest.raises(Terminal) as refusal:
        jars.class_path(tmp_path, lock_of(tmp_path, GOOD))

    for part in (NAME, GOOD, hashlib.sha256(b"not a jar").hexdigest(), "make jars"):
        assert part in str(refusal.value)


def test_a_fetched_jar_that_differs_from_the_lock_is_not_kept(tmp_path: Path) -> None:
    folder, wrong = tmp_path / "jars", "0" * 64

    with pytest.raises(Terminal) as refusal:
        jars.fetch(("s3",), folder, lock_of(tmp_path, wrong))

    for part in (NAME, GOOD, wrong, "make jars"):
        assert part in str(refusal.value)
    assert list(folder.iterdir()) == []


def test_a_damaged_jar_is_fetched_anew_by_two_at_once(tmp_path: Path) -> None:
    folder, lock = tmp_path / "jars", lock_of(tmp_path, GOOD)
    folder.mkdir()
    (folder / NAME).write_bytes(b"the beginning of a j")

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(jars.fetch, ("s3",), folder, lock) for _ in range(2)]

    assert [fetch.result() for fetch in both] == [[folder / NAME]] * 2
    assert hashlib.sha256((folder / NAME).read_bytes()).hexdigest() == GOOD
    assert list(folder.iterdir()) == [folder / NAME]


def test_a_jar_that_is_there_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(b"tiny")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no java, so no fetching"))

    lock = lock_of(tmp_path, hashlib.sha256(b"tiny").hexdigest())

    assert jars.fetch(("s3",), tmp_path, lock) == [tmp_path / NAME]


def test_missing_jars_are_named_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"delta-storage-.*hadoop-aws-.*logstore-.*`make jars`"):
        jars.class_path(tmp_path)


def test_the_lock_names_no_file_twice_and_no_other_role() -> None:
    lines = [line for line in jars.LOCK.read_text().splitlines() if not line.startswith("#")]
    known = jars.locked(("runtime", "s3", "jdbc", "compiler", "demo"))

    assert len(known) == len({jar.file for jar in known}) == len(lines)
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in known)


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_402", "16"])
def test_a_java_that_is_too_old_gives_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    java = fake_java(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(Terminal) as refusal:
        jars.find_java()

    too_old = rf"Java (11|8|16) at {java} is too old; 17 or newer is needed: apt-get install \S+"
    assert re.fullmatch(too_old, str(refusal.value))


def test_no_java_on_the_path_gives_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Terminal, match=r"^no java on the PATH; 17 or newer is needed: apt-get install \S+$"):
        jars.find_java()


def test_a_java_home_without_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(Terminal, match=f"^no java in JAVA_HOME .{tmp_path}.; 17 or newer is needed"):
        jars.find_java()


def test_java_home_wins_over_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = fake_java(tmp_path / "new", "21.0.1")
    old = fake_java(tmp_path / "old", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(chosen.parents[1]))
    monkeypatch.setenv("PATH", str(old.parent))

    assert jars.find_java() == chosen
