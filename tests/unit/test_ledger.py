"""What a run knows of the proofs of runs before it."""

from datetime import date
from pathlib import Path

import pytest

from lakehouse import ledger
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport, TableRecord
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.source.horizon import Horizon


def told(lake: Lake, run: str, *tables: TableRecord) -> None:
    ledger.append(lake, RunReport(run, "incremental", "", "", "done", tables, (), 0, 0, False, 0))


def opened(lake: Lake) -> Run:
    return Run("r", Settings(lake=lake.root), Catalog(), "incremental", Horizon(0, 0, "test"), date(2024, 1, 1))


def test_a_commit_is_proven_by_the_last_look_at_it_that_balanced(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    told(lake, "one", TableRecord("a", "load", seq=1), TableRecord("b", "load", seq=1))
    told(lake, "two", TableRecord("a", "window", seq=2), TableRecord("b", "window", seq=2, source_equals_bronze=False))
    told(lake, "three", TableRecord("a", "unchanged"), TableRecord("b", "failed", error="lost"))
    assert ledger.proven(lake) == {"a": 2}


def test_the_record_of_a_run_is_found_by_its_id_and_that_of_the_last_one_without(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert ledger.newest(lake) is None
    told(lake, "one", TableRecord("a", "load"))
    told(lake, "two", TableRecord("a", "window"))
    found = ledger.newest(lake, "one"), ledger.newest(lake)
    assert [(report.run_id, report.tables[0].status) for report in found if report] == [
        ("one", "load"),
        ("two", "window"),
    ]
    assert ledger.newest(lake, "three") is None


def test_the_proofs_are_read_once_in_a_run_and_anew_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, read = Lake(str(tmp_path)), []
    proven = ledger.proven
    monkeypatch.setattr(ledger, "proven", lambda of: read.append(of) or proven(of))
    told(lake, "one", TableRecord("a", "load", seq=1))
    run = opened(lake)
    assert [run.proven["a"] for _ in range(5)] == [1] * 5

    told(lake, "two", TableRecord("a", "window", seq=2))

    assert (run.proven["a"], opened(lake).proven["a"], len(read)) == (1, 2, 2)
