"""What is in quarantine is listed and shown from the lake alone: no JVM, no source, nothing personal."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

import transforms
from cli.main import app
from lakehouse import quarantine
from lakehouse.contracts import Table
from lakehouse.lake import Lake

REPOSITORY = Path(__file__).parents[2]
BOOKINGS = transforms.catalog().tables["bookings"].table
MONDAY, TUESDAY, FRIDAY = (datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 5))
ROWS = [
    {"booking_id": 7, "checkin_date": "2024-03-02", "checkout_date": "2024-03-02", "total_price": "-1.00",
     "currency": "EUR", "_rule": "checkout_after_checkin", "_reason": "checkout_after_checkin, price_not_negative",
     "_run_id": "r2", "_first_seen": MONDAY, "_last_seen": FRIDAY},
    {"booking_id": 8, "checkin_date": "2024-03-02", "checkout_date": "2024-03-01", "total_price": "5.00",
     "currency": "EUR", "_rule": "checkout_after_checkin", "_reason": "checkout_after_checkin",
     "_run_id": "r1", "_first_seen": TUESDAY, "_last_seen": TUESDAY},
    {"booking_id": 9, "checkin_date": None, "checkout_date": None, "total_price": None,
     "currency": "[bold]", "_rule": "total_price_missing", "_reason": "total_price_missing",
     "_run_id": "r1", "_first_seen": TUESDAY, "_last_seen": TUESDAY},
]  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Three bookings in quarantine."""
    for name, value in {"LAKE": str(tmp_path / "lake"), "SOURCE__HOST": "h", "SOURCE__USER": "u",
                        "SOURCE__PASSWORD": "p", "SOURCE__DATABASE": "d"}.items():  # fmt: skip
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    found = Lake(str(tmp_path / "lake"))
    write_deltalake(found.path("quarantine", "bookings"), pa.Table.from_pylist(ROWS))
    return found


def personal(table: Table, name: str) -> Table:
    found = table.column(name)
    of_person = replace(found, pii="personal", type="BIGINT" if found.type == "BIGINT" else "STRING", stored=None)
    return replace(table, columns=tuple(of_person if c.name == name else c for c in table.columns))


def told(*words: str) -> str:
    done = CliRunner().invoke(app, ["quarantine", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_rows_are_counted_by_table_and_first_broken_rule_with_the_time_they_were_seen(lake: Lake) -> None:
    assert quarantine.summary(lake, ["apartments", "bookings"]) == [
        quarantine.Summary("bookings", "checkout_after_checkin", 2, MONDAY, FRIDAY),
        quarantine.Summary("bookings", "total_price_missing", 1, TUESDAY, TUESDAY),
    ]


def test_a_row_is_shown_with_every_broken_rule_and_the_values_that_the_rules_are_about(lake: Lake) -> None:
    first = quarantine.entries(lake, BOOKINGS, limit=1)
    assert [(e.key, e.reason, e.run_id) for e in first] == [({"booking_id": 7}, ROWS[0]["_reason"], "r2")]
    assert first[0].values == {"checkout_date": "2024-03-02", "checkin_date": "2024-03-02", "total_price": "-1.00"}


def test_a_rule_finds_the_rows_that_break_it_be_it_the_first_or_not(lake: Lake) -> None:
    keys = {rule: [e.key["booking_id"] for e in quarantine.entries(lake, BOOKINGS, rule)] for rule in
            ("price_not_negative", "checkout_after_checkin", "total_price", "other")}  # fmt: skip
    assert keys == {"price_not_negative": [7], "checkout_after_checkin": [7, 8], "total_price": [], "other": []}


def test_personal_values_are_masked_in_keys_and_values(lake: Lake) -> None:
    in_key = quarantine.entries(lake, personal(BOOKINGS, "booking_id"))
    in_value = quarantine.entries(lake, personal(BOOKINGS, "total_price"), "price_not_negative")
    assert {e.key["booking_id"] for e in in_key} == {"***"}
    assert in_value[0].values["total_price"] == "***"


def test_the_command_lists_and_shows_where_there_is_no_java(lake: Lake) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PATH": "", "JAVA_HOME": ""}

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "cli.main", "quarantine", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout

    assert "checkout_after_checkin" in said("list")
    assert "total_price='-1.00'" in said("show", "bookings", "--rule", "price_not_negative")


def test_where_nothing_is_kept_out_the_command_says_so(lake: Lake) -> None:
    assert told("show", "apartments").strip() == "no such row of apartments is in quarantine"


def test_the_command_refuses_a_table_that_is_not_declared_by_those_that_are(lake: Lake) -> None:
    done = CliRunner().invoke(app, ["quarantine", "show", "bookingz"])
    assert (done.exit_code, "there is no table bookingz; there are apartment_attributes" in done.output) == (1, True)
