"""The jars beside the wheels: fetched once by the Ivy inside pyspark, verified by checksum, reused."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lakehouse.contracts import Terminal

LOCK = Path(__file__).with_name("jars.lock")
LOG_STORE = Path(__file__).parent / "logstore" / "ConditionalLogStore.java"
SPARK_ROLES = ("runtime", "s3")
TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str
    role: str

    @property
    def file(self) -> str:
        """Its file name in the cache folder."""
        return f"{self.artifact}-{self.version}.jar"


def locked(roles: tuple[str, ...], lock: Path = LOCK) -> list[Jar]:
    """The jars of these roles."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    jars = [Jar(*coordinate.split(":"), sha256, role) for coordinate, sha256, role in lines]
    return [jar for jar in jars if jar.role in roles]


def default_folder() -> Path:
    """The cache folder shared by all clones of this user."""
    chosen = os.environ.get("LAKEHOUSE_JARS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else cache / "rental-lakehouse" / "jars"


def verify(jar: Jar, file: Path) -> None:
    """Refuses a file that is not the jar of the lock.

    Raises:
        Terminal: The checksum differs.
    """
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise Terminal(
            f"jar {jar.file}: sha256 is {found}, expected {jar.sha256}; delete {file} and run `make jars`"
        )


def fetch(roles: tuple[str, ...], folder: Path) -> list[Path]:
    """Makes sure that the jars of these roles are in the folder, verified; returns their paths.

    Raises:
        Terminal: A jar cannot be had, or is not the one of the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = locked(roles)
    missing = [jar for jar in wanted if not (folder / jar.file).exists()]
    if missing:
        print(f"fetching {len(missing)} jars into {folder}", file=sys.stderr)  # noqa: T201
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as work:
            _ivy(missing, Path(work))
            for jar in missing:
                got = Path(work) / "got" / jar.file
                if not got.exists():
                    raise Terminal(f"jar {jar.file} could not be fetched; is the Maven registry reachable?")
                verify(jar, got)
                got.replace(folder / jar.file)
                print(f"  {jar.file} verified", file=sys.stderr)  # noqa: T201
    return [folder / jar.file for jar in wanted]


def class_path(folder: Path) -> list[Path]:
    """The jars that Spark needs beyond the wheel's own, verified.

    Raises:
        Terminal: One is missing or is not the one of the lock.
    """
    for jar in locked(SPARK_ROLES):
        if not (folder / jar.file).exists():
            raise Terminal(f"jar {jar.file} is missing in {folder}; run `make jars`")
        verify(jar, folder / jar.file)
    store = folder / _log_store_name()
    if not store.exists():
        raise Terminal(f"jar {store.name} is missing in {folder}; run `make jars`")
    return [*(folder / jar.file for jar in locked(SPARK_ROLES)), store]


def find_java() -> Path:
    """The `java` to use, of version 17 or newer.

    Raises:
        Terminal: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found or not Path(found).exists():
        raise Terminal("Java is missing; install it: apt-get install openjdk-17-jre-headless")
    text = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr  # noqa: S603
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    version = int(match.group(1)) if match else 0
    if version < 17:
        raise Terminal(
            f"Java {version} at {found} is too old; 17 is needed: apt-get install openjdk-17-jre-headless"
        )
    return Path(found).resolve()


def build_log_store(folder: Path) -> Path:
    """Compiles the log store into the folder, once per version of its source."""
    target = folder / _log_store_name()
    if target.exists():
        return target
    compiler = folder / locked(("compiler",))[0].file
    wheel = _wheel_jars()
    libraries = os.pathsep.join([*(str(p) for p in folder.glob("delta-storage-*.jar")), str(wheel / "*")])
    with tempfile.TemporaryDirectory(dir=folder, prefix=".compile-") as work:
        classes = Path(work) / "classes"
        _java(
            [
                "-jar",
                str(compiler),
                "-17",
                "-nowarn",
                "-cp",
                _expand(libraries),
                "-d",
                str(classes),
                str(LOG_STORE),
            ]
        )
        archive = shutil.make_archive(str(Path(work) / "logstore"), "zip", classes)
        Path(archive).replace(target)
    return target


def _log_store_name() -> str:
    return f"logstore-{hashlib.sha256(LOG_STORE.read_bytes()).hexdigest()[:12]}.jar"


def _wheel_jars() -> Path:
    import pyspark  # noqa: PLC0415

    return Path(pyspark.__file__).parent / "jars"


def _expand(class_path: str) -> str:
    parts: list[str] = []
    for entry in class_path.split(os.pathsep):
        parts += [str(p) for p in Path(entry).parent.glob("*.jar")] if entry.endswith("*") else [entry]
    return os.pathsep.join(parts)


def _java(arguments: list[str]) -> None:
    done = subprocess.run(  # noqa: S603
        [str(find_java()), *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        tail = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise Terminal(f"java {arguments[1]} failed: {' | '.join(tail)}")


def _ivy(wanted: list[Jar], work: Path) -> None:
    lines = "\n".join(
        f'<dependency org="{j.group}" name="{j.artifact}" rev="{j.version}" transitive="false"/>'
        for j in wanted
    )
    file = work / "ivy.xml"
    file.write_text(
        '<ivy-module version="2.0"><info organisation="lakehouse" module="jars"/>'
        f"<dependencies>{lines}</dependencies></ivy-module>"
    )
    ivy = next(_wheel_jars().glob("ivy-*.jar"))
    pattern = f"{work}/got/[artifact]-[revision](-[classifier]).[ext]"
    _java(
        [
            "-jar",
            str(ivy),
            "-cache",
            str(work / "cache"),
            "-ivy",
            str(file),
            "-types",
            "jar",
            "bundle",
            "-retrieve",
            pattern,
        ]
    )


def main() -> None:
    """Fetches and builds everything Spark needs; with `--demo` the embedded database too."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--demo", action="store_true", help="also fetch the embedded MariaDB server")
    roles = (*SPARK_ROLES, "compiler", *(("demo",) if parser.parse_args().demo else ()))
    try:
        fetch(roles, default_folder())
        build_log_store(default_folder())
    except Terminal as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
