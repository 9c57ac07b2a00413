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
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lakehouse import logstore
from lakehouse.contracts import Terminal

LOCK = Path(__file__).with_name("jars.lock")
SPARK_ROLES = ("runtime", "s3", "jdbc")
JAVA_VERSION = 17
JAVA_HINT = f"apt-get install openjdk-{JAVA_VERSION}-jre-headless"
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
    """The jars of these roles, in the order of the lock file."""
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    jars = [Jar(*line.replace(":", " ").split()) for line in lines]
    return [jar for jar in jars if jar.role in roles]


def default_folder() -> Path:
    """The cache folder shared by all clones of this user."""
    chosen = os.environ.get("LAKEHOUSE_JARS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else cache / "rental-lakehouse" / "jars"


def fetch(roles: tuple[str, ...], folder: Path, lock: Path = LOCK) -> list[Path]:
    """Makes sure that the jars of these roles are in the folder, verified; returns their paths.

    A file takes its final name only once it is verified; one that is there but damaged is fetched anew.

    Raises:
        Terminal: A jar cannot be had, or is not the one of the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = locked(roles, lock)
    missing = [jar for jar in wanted if not _is_good(jar, folder / jar.file)]
    if missing:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as work:
            _ivy(missing, Path(work))
            for jar in missing:
                _accept(jar, Path(work) / jar.file, folder)
    return [folder / jar.file for jar in wanted]


def class_path(folder: Path, lock: Path = LOCK) -> list[Path]:
    """The jars that Spark needs beyond the wheel's own, verified, and our log store.

    Raises:
        Terminal: Some are missing, or one is not the one of the lock.
    """
    wanted = locked(SPARK_ROLES, lock)
    names = [*(jar.file for jar in wanted), logstore.jar_name()]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise Terminal(f"missing in {folder}: {', '.join(missing)}; run `make jars`")
    for jar in wanted:
        if not _is_good(jar, folder / jar.file):
            raise Terminal(
                f"jar {jar.file} in {folder} is damaged: sha256 is {_sha256(folder / jar.file)}, "
                f"expected {jar.sha256}; run `make jars`"
            )
    return [folder / name for name in names]


def find_java() -> Path:
    """The `java` to use, of version 17 or newer: that of JAVA_HOME, else the one on the PATH.

    Raises:
        Terminal: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if not found:
        where = f"in JAVA_HOME ({home})" if home else "on the PATH"
        raise Terminal(f"no java {where}; {JAVA_VERSION} or newer is needed: {JAVA_HINT}")
    done = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    if not match:
        raise Terminal(f"{found} does not tell its version; {JAVA_VERSION} or newer is needed: {JAVA_HINT}")
    if int(match.group(1)) < JAVA_VERSION:
        raise Terminal(f"Java {match.group(1)} at {found} is too old; {JAVA_VERSION} or newer is needed: {JAVA_HINT}")
    return Path(found).resolve()


def build_log_store(folder: Path) -> Path:
    """Compiles the log store against the wheel's jars and Delta's, once per version of its source."""
    (compiler,) = fetch(("compiler",), folder)
    libraries = [*fetch(("runtime",), folder), *sorted(_wheel_jars().glob("*.jar"))]
    return logstore.build(folder, find_java(), compiler, libraries)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_good(jar: Jar, file: Path) -> bool:
    return file.exists() and _sha256(file) == jar.sha256


def _accept(jar: Jar, got: Path, folder: Path) -> None:
    if not got.exists():
        raise Terminal(f"jar {jar.file} was not delivered; check its line in {LOCK.name}")
    found = _sha256(got)
    if found != jar.sha256:
        raise Terminal(
            f"jar {jar.file} refused, nothing kept: sha256 is {found}, expected {jar.sha256}; "
            f"run `make jars` again, and if it stays so ask who changed the file or its line in {LOCK.name}"
        )
    got.replace(folder / jar.file)


def _wheel_jars() -> Path:
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise Terminal("pyspark is not installed; run `make`")
    return Path(spec.origin).parent / "jars"


def _ivy(wanted: list[Jar], work: Path) -> None:
    lines = [
        f'<dependency org="{jar.group}" name="{jar.artifact}" rev="{jar.version}" transitive="false"/>'
        for jar in wanted
    ]
    (work / "ivy.xml").write_text(
        '<ivy-module version="2.0"><info organisation="lakehouse" module="jars"/>'
        f"<dependencies>{''.join(lines)}</dependencies></ivy-module>"
    )
    command = [str(find_java()), "-jar", str(next(_wheel_jars().glob("ivy-*.jar")))]
    command += ["-cache", str(work / "cache"), "-ivy", str(work / "ivy.xml"), "-types", "jar", "bundle"]
    command += ["-retrieve", f"{work}/[artifact]-[revision](-[classifier]).[ext]"]
    with (work / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603
        try:
            _watch(process, work / "cache", len(wanted))
        finally:
            process.kill()
    if process.returncode:
        problems = [line.strip() for line in (work / "log").read_text().splitlines() if "::" in line]
        raise Terminal(f"fetching jars failed ({' '.join(problems[-6:])}); is the Maven registry reachable?")


def _watch(process: subprocess.Popen[bytes], cache: Path, total: int) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("fetching jars", total=total)
        while process.poll() is None:
            with suppress(FileNotFoundError):  # a file was renamed while we looked
                sizes = {path: path.stat().st_size for path in cache.rglob("*.jar*")}
                done = sum(path.suffix == ".jar" for path in sizes)
                progress.update(task, completed=done, description=f"fetching jars, {sum(sizes.values()) >> 20} MB")
            if time.monotonic() > deadline:
                raise Terminal(f"fetching jars took longer than {TIMEOUT_SECONDS} s; run `make jars` again")
            time.sleep(0.2)
        progress.update(task, completed=total)


def main() -> None:
    """Fetches and builds everything that Spark needs; with `--demo` the embedded MariaDB server too."""
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
