"""The Delta log store whose entries are never overwritten: compiled once per version of its source."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lakehouse.contracts import Terminal

SOURCE = Path(__file__).with_name("ConditionalLogStore.java")
TIMEOUT_SECONDS = 300


def jar_name() -> str:
    """The file name of the compiled log store; it changes with the source."""
    return f"logstore-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.jar"


def build(folder: Path, java: Path, compiler: Path, libraries: list[Path]) -> Path:
    """Compiles the log store into the folder unless it is there; the compiler runs on a plain JRE.

    Raises:
        Terminal: The compiler refused the source.
    """
    target = folder / jar_name()
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=folder, prefix=".compile-") as work:
        classes = Path(work) / "classes"
        class_path = os.pathsep.join(str(path) for path in libraries)
        command = [str(java), "-jar", str(compiler), "-17", "-nowarn", "-cp", class_path]
        done = subprocess.run(  # noqa: S603
            [*command, "-d", str(classes), str(SOURCE)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise Terminal(f"{SOURCE.name} does not compile: {done.stderr.strip()[-500:]}")
        shutil.make_archive(str(Path(work) / "logstore"), "zip", classes)
        (Path(work) / "logstore.zip").replace(target)
    return target
