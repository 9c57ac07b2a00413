"""`lakehouse marts` shows what is made of what, and all about one mart."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake
from typer.testing import CliRunner

import transforms
from cli.main import app
from lakehouse.checksum import Checksum
from lakehouse.lake import Lake, State, to_json

ROOM = {"COLUMNS": "200"}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(tmp_path / "lake"))
    return Lake(str(tmp_path / "lake"))


def told(*words: str) -> str:
    done = CliRunner().invoke(app, ["marts", *words], env=ROOM)
    assert done.exit_code == 0, done.output
    return done.output


def cells(output: str, mart: str) -> list[str]:
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines()]
    (found,) = [row for row in rows if row[1:2] == [mart]]
    return found


def test_marts_stand_in_the_wave_in_which_they_are_built_with_what_they_read() -> None:
    found = told()

    assert cells(found, "repeat_customer_rate_daily") == ["1", "repeat_customer_rate_daily", "day", "bookings", ""]
    assert cells(found, "occupancy_rate_monthly")[:3] == ["2", "occupancy_rate_monthly", "month_start"]
    assert cells(found, "stay_nights *")[2] == "month_start"
    assert cells(found, "data_quality_daily")[2] == "the whole"
    assert all(name in found for name in transforms.catalog().marts)


def test_the_graph_is_printed_as_mermaid_and_nothing_else() -> None:
    head, *lines = told("--mermaid").splitlines()

    assert head == "flowchart LR"
    assert "  mart_stay_nights --> mart_occupancy_rate_monthly" in lines
    assert "  source_bookings --> silver_bookings" in lines
    assert "  runs --> silver_quality_checks" in lines


def test_all_about_a_mart_is_shown_and_how_it_stands_in_the_lake(lake: Lake) -> None:
    recipe = transforms.catalog().marts["occupancy_rate_monthly"]
    assert "not built yet" in told("--mart", "occupancy_rate_monthly")
    state = State("gold/occupancy_rate_monthly", 3, "r7", "build", as_of="2025-01-31", checksum=Checksum(1234, 5))
    for fingerprint, note in ((recipe.fingerprint, ""), ("old", "; its code has changed since")):
        stamped = State(**(vars(state) | {"fingerprint": fingerprint}))
        write_deltalake(
            lake.path("gold", "occupancy_rate_monthly"), pa.table({"n": [1]}), mode="append",
            commit_properties=CommitProperties(custom_metadata={"userMetadata": to_json(stamped)}),
        )  # fmt: skip

        found = told("--mart", "occupancy_rate_monthly")

        assert f"1,234 rows, as of 2025-01-31, commit 3 by run r7{note}" in " ".join(found.split())
    for word in (
        "Nights with a confirmed stay",
        "month_start, level, city, state",
        "A night that two stays share",
        "stay_nights, apartments_history",
        "Distinct nights of listings",
        "booked_within_supply",
    ):
        assert word in found


def test_what_reads_a_mart_is_told(lake: Lake) -> None:
    assert "listing_performance_monthly, market_performance_monthly, occupancy_rate_monthly" in told(
        "--mart", "stay_nights"
    )


def test_bad_settings_hide_how_it_stands_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_LAKEE", "x")

    found = " ".join(told("--mart", "stay_nights").split())

    assert "not known: unknown setting LAKEHOUSE_LAKEE; do you mean LAKEHOUSE_LAKE?" in found
    assert "Reservation number" in found


def test_an_unknown_mart_is_refused_by_name() -> None:
    done = CliRunner().invoke(app, ["marts", "--mart", "occupancy"], env=ROOM)

    assert done.exit_code == 1
    assert "there is no mart occupancy; `lakehouse marts` shows all" in done.output
