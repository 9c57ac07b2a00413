"""What Glue and EMR must be given: our wheel, Delta for their Spark, our log store, a driver, the entry script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lakehouse import jars, logstore
from lakehouse.contracts import Terminal

HERE = Path(__file__).parent
CLONE = HERE.parents[1]
LOCK = HERE / "jars.lock"
SHIPPED, OURS = ("runtime", "jdbc"), ("runtime", "jdbc", "s3")
BUILD_SECONDS = 300


def folder() -> Path:
    """Where the jars for the Spark of Glue are kept; those of another Spark stand elsewhere."""
    return jars.default_folder() / "glue"


def fetched(roles: tuple[str, ...] = SHIPPED) -> list[Path]:
    """The verified jars of these roles, and the log store compiled against them.

    Raises:
        Terminal: A jar cannot be had, is not the one of the lock, or the log store does not compile.
    """
    (compiler,) = jars.fetch(("compiler",), jars.default_folder())
    found = jars.fetch(roles, folder(), LOCK)
    libraries = jars.fetch(("runtime", "provided"), folder(), LOCK)
    return [*found, logstore.build(folder(), jars.find_java(), compiler, libraries)]


def wheel(into: Path) -> Path:
    """Our wheel, built from this clone.

    Raises:
        Terminal: There is no uv, or it cannot build.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(CLONE / ".uv/bin"))
    if uv is None:
        raise Terminal("there is no uv to build the wheel with; run `make`")
    command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(into), str(CLONE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)  # noqa: S603
    if done.returncode:
        raise Terminal(f"the wheel was not built: {done.stderr.strip()[-500:]}")
    (found,) = into.glob("*.whl")
    return found


def main() -> None:
    """Fetches all jars that a test of the jobs needs."""
    fetched(OURS)


if __name__ == "__main__":
    main()
