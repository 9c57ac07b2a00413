"""The ledger keeps a line per erasure, and `lakehouse status` shows it without a JVM."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from lakehouse import erasure_log
from lakehouse.erasure import Line, Receipt
from lakehouse.lake import Lake
from lakehouse.purge import Purged

LINES = (
    Line("bronze", "orders", 1230, Purged(5, 6, 0)),
    Line("bronze", "visits", 4, Purged(1, 1, 0)),
    Line("gold", "spend", 1, Purged(1, 1, 3)),
)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    for name, value in {"LAKE": str(tmp_path / "lake"), "SOURCE__HOST": "h", "SOURCE__USER": "u",
                        "SOURCE__PASSWORD": "p", "SOURCE__DATABASE": "d"}.items():  # fmt: skip
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")
    return Lake(str(tmp_path / "lake"))


def status() -> str:
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 0, done.output
    return done.output


def test_an_erasure_is_kept_by_layer_and_shown_by_the_status(lake: Lake) -> None:
    assert "erased" not in status()
    before = datetime.now(UTC)

    erasure_log.append(lake, Receipt("f25686f52b68", "r1", LINES, 7, 1.25).record())

    (line,) = erasure_log.records(lake)
    assert (line.person, line.run_id, line.release, line.unclaimed) == ("f25686f52b68", "r1", 7, 3)
    assert line.rows == {"bronze": 1234, "gold": 1} and line.ended_at >= before
    assert "f25686f52b68…" in status() and "bronze 1,234, gold 1" in status()


def test_erasures_are_told_in_their_order(lake: Lake) -> None:
    for run in ("r1", "r2", "r3"):
        erasure_log.append(lake, Receipt(run, run, (), 1, 0).record())
    assert [line.person for line in erasure_log.records(lake)] == ["r1", "r2", "r3"]
