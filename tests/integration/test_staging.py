"""Rows on their way: dead runs leave nothing behind, and no run takes a living one's folder."""

import subprocess
import sys
from pathlib import Path

from lakehouse import staging
from tests.integration.test_servers import CLONE

HOLD = """
import sys
from pathlib import Path
from lakehouse import staging
with staging.room(Path(sys.argv[1]), "orders") as folder:
    Path(folder, "part").write_text("rows")
    print(folder, flush=True)
    sys.stdin.read()
"""


def hold(lake: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process that fills a folder and stays."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lake)], cwd=CLONE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_folder_of_a_killed_run_is_gone_after_the_next_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    process, theirs = hold(tmp_path)
    try:
        with staging.room(tmp_path, "orders") as ours:
            staging.sweep(tmp_path, "orders")
            assert Path(ours).exists()
            assert Path(ours) != theirs
            assert (theirs / "part").exists()
    finally:
        process.kill()
        process.communicate()
    assert (theirs / "part").exists()
    staging.sweep(tmp_path, "labels")
    assert theirs.exists()
    staging.sweep(tmp_path, "orders")
    assert not theirs.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
