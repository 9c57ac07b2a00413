"""The same rules on real engines."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from demo.servers.mariadb import MariaDb
from tests.stateful.engine import Engine
from tests.stateful.machine import Extraction
from tests.stateful.real import Real

REAL = settings(
    max_examples=20, stateful_step_count=15, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.long
@pytest.mark.fault("F01", "F38")
def test_no_row_is_missed_doubled_or_turned_back_on_real_engines(source_server: MariaDb, tmp_path: Path) -> None:
    class OnRealEngines(Extraction):
        def make(self) -> Engine:
            return Real(source_server, tmp_path)

    run_state_machine_as_test(OnRealEngines, settings=REAL)
