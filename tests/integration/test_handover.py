"""What jobs of a run hand to each other comes back as it was, on a disk and on S3; anything else is refused by name."""

import json
from datetime import date

import pytest

from lakehouse.checksum import Checksum
from lakehouse.contracts import Terminal
from lakehouse.handover import Asked, Handover, Marts, Plan, Release
from lakehouse.lake import Lake, State
from lakehouse.ledger import MartRecord, MirrorRecord, RunReport, TableRecord
from lakehouse.source.horizon import Horizon

RECORD = TableRecord("bookings", "window", read=3, rejected={"odd": 1}, notes=("a",), counted=3, checksum="3/7", seq=2)


def a_plan(began: float = 1.5) -> Plan:
    asked = Asked("backfill", date(2026, 1, 1), date(2026, 2, 1), tables=("bookings",))
    horizon = Horizon(1_700_000_000_000_000, 1_700_000_000_000_001, "clock", ("nothing",), "slow")
    return Plan("r1", asked, horizon, date(2026, 3, 4), ("bookings",), ("bookings",), (RECORD,), began)


def test_everything_comes_back_as_it_was(lake_anywhere: Lake) -> None:
    run = Handover(lake_anywhere, "r1")
    state = State("gold/m", 3, "r1", "build", {"bookings": 2}, checksum=Checksum(9, 2**70), version=4, snapshot=5)
    marts = Marts(True, (MartRecord("m", "rebuilt", 9, None, 0.5, periods=2),), {"m": state})
    release = Release(7, {"m": True}, (MirrorRecord("raw_data.bookings", "changed", 3),))
    report = RunReport("r1", "full", "2026-03-04", "clock", "done", (RECORD,), marts.records, 7, 1.5, True, 1)
    assert (run.plan(), run.table("bookings"), run.marts(), run.release(), run.report()) == (None,) * 5

    assert run.agree(a_plan()) == a_plan()
    run.keep_table(RECORD)
    run.keep_marts(marts)
    run.keep_release(release)
    run.keep_report(report)

    again = Handover(lake_anywhere, "r1")
    assert (again.plan(), again.table("bookings")) == (a_plan(), RECORD)
    assert (again.marts(), again.release(), again.report()) == (marts, release, report)
    assert Handover(lake_anywhere, "r2").plan() is None


def test_of_two_plans_of_one_run_the_first_holds(lake_anywhere: Lake) -> None:
    run = Handover(lake_anywhere, "r1")
    assert run.agree(a_plan(began=1)).began == 1
    assert run.agree(a_plan(began=2)).began == 1


def test_a_record_is_written_over_by_that_of_the_next_try(lake_anywhere: Lake) -> None:
    run = Handover(lake_anywhere, "r1")
    run.keep_table(TableRecord("bookings", "failed", error="lost"))
    run.keep_table(RECORD)
    assert run.table("bookings") == RECORD


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "all of it"),
        (b"{", "all of it"),
        (b"[]", "all of it"),
        (json.dumps({"name": "bookings"}).encode(), "status: Field required"),
        (json.dumps({"name": "bookings", "status": "full", "read": "many"}).encode(), "read: Input should be a valid"),
        (json.dumps({"name": "bookings", "status": "full", "rows": 1}).encode(), "rows: "),
    ],
)
def test_what_this_version_does_not_write_is_refused_by_name(lake_anywhere: Lake, content: bytes, said: str) -> None:
    lake_anywhere.put("_runs/r1/table-bookings.json", content)
    with pytest.raises(Terminal, match=rf"_runs/r1/table-bookings.json is not what this version writes \({said}"):
        Handover(lake_anywhere, "r1").table("bookings")


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".", "x" * 81, "a b"])
def test_a_run_id_that_would_leave_the_folder_is_refused(lake_anywhere: Lake, run_id: str) -> None:
    with pytest.raises(Terminal, match="does not fit"):
        Handover(lake_anywhere, run_id)
