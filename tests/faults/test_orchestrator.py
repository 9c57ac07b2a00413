"""The orchestrator forgets a run (F39): the next is right without its slots and its states."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.marketplace.generate import generate
from demo.servers import prefect
from demo.servers.postgres import Postgres
from lakehouse import ledger
from lakehouse.lake import Lake
from tests.integration.test_bad_input import Shell, shell  # noqa: F401

TABLE = "exchange_rates"


def reached(path: Path, process: subprocess.Popen[str]) -> bool:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if path.exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.long
@pytest.mark.fault("F39")
def test_when_the_orchestrator_dies_in_mid_run_the_run_ends_and_the_next_one_is_whole(
    shell: Shell,  # noqa: F811
    warehouse_server: Postgres,
    tmp_path: Path,
) -> None:
    with shell.admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {shell.admin.database}")
    generate(shell.admin, 0.02)
    folder = tmp_path / "prefect"
    folder.mkdir()
    mortal = prefect.start(folder, warehouse_server)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "run", "--table", TABLE],
        cwd=shell.folder,
        env=shell.environment | {"PREFECT_API_URL": mortal.api},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert reached(shell.folder / "lake" / "raw_data" / TABLE / "_delta_log" / f"{0:020}.json", process)
    finally:
        mortal.stop()
    try:
        output, _ = process.communicate(timeout=150)
    finally:
        process.kill()
    assert process.returncode == 1, output
    assert any(line.startswith("error: the Prefect API was lost") for line in output.splitlines()), output
    next_one = shell.say("run", "--table", TABLE)

    assert next_one.returncode == 0, next_one.stderr
    report = ledger.newest(Lake(str(shell.folder / "lake")), None)
    assert report is not None
    assert {t.name: t.balanced for t in report.tables} == {TABLE: True}
