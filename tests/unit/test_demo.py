"""The demo's page opens without a network and shows what the warehouse said; its checks can fail."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from demo import checks, watch
from demo.marketplace.manifest import Manifest
from demo.report import page, quality
from demo.report.metrics import METRICS, Metric
from demo.report.quality import Quality
from lakehouse.checksum import Checksum
from lakehouse.ledger import MartRecord, RunReport, TableRecord
from lakehouse.quality_log import Outcome
from lakehouse.warehouse.reconcile import Comparison

BOOKINGS = TableRecord("bookings", "load", rejected={"status_unknown": 2}, silver_rows=5)
RUN = RunReport(
    "r1", "incremental", "2026-11-25", "clock", "done", (BOOKINGS,), (MartRecord("occupancy", "rebuilt", 1, True),), 1,
    2.0, False, 0,
)  # fmt: skip
PLANTED = Manifest("2026-11-25", {"bookings": 7}, rejected={"bookings": {"status_unknown": 2}, "apartments": {}})
AT = datetime(2026, 11, 25, tzinfo=UTC)
FOUND = Quality(
    [
        Outcome("r1", AT, "bookings", "status_unknown", "quarantine", 200, 2, 0.0, "quarantined"),
        Outcome("r1", AT, "bookings", "price_missing", "quarantine", 200, 0, 0.0, "passed"),
        Outcome("r2", AT, "bookings", "status_unknown", "quarantine", 4, 1, 0.0, "quarantined"),
    ],
    {("bookings", "status_unknown"): ["17", "<18>"]},
)
VERSIONS = {"bronze/bookings": 3, "gold/occupancy": 1}


def rows(metric: Metric) -> list[dict[str, object]]:
    name = date(2026, 11, 23) if metric.shape != "ranking" else "Paris, </script>"
    return [{metric.x: name} | dict.fromkeys(metric.y, Decimal("12.75"))]


@pytest.fixture
def text(tmp_path: Path) -> str:
    page.write(tmp_path / "report.html", {metric: rows(metric) for metric in METRICS}, [RUN], FOUND)
    return (tmp_path / "report.html").read_text()


def test_the_page_has_a_chart_for_each_metric_and_the_ledger(text: str) -> None:
    assert len(re.findall(r"<script>vegaEmbed\('#chart\d'", text)) == len(METRICS) == 7
    assert all(metric.title in text for metric in METRICS)
    assert "run r1, incremental, as of 2026-11-25" in text


def test_the_page_shows_what_rows_broke_last_with_keys_to_look_up_and_how_it_came(text: str) -> None:
    row = "<td>bookings</td><td>status_unknown</td><td>4</td><td>1</td><td>25.000%</td><td>quarantined</td>"
    assert f"{row}<td>17 · &lt;18&gt;</td>" in text
    assert "price_missing" not in text, "a rule that no row ever broke is no news"
    points = quality.chart(FOUND, 10, 10).to_dict()["data"]["values"]
    assert [(p["run"], p["pass rate"]) for p in points] == [(1, 0.99), (2, 0.75)]


def test_the_page_needs_no_network(text: str) -> None:
    skeleton = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)

    assert re.findall(r"<(?:script|link|img|iframe)|src=|href=|url\(|@import|http", skeleton) == []
    assert "'#chart0', {" in text, "data and drawing stand in the page itself"


def test_a_value_cannot_end_the_script_it_stands_in(text: str) -> None:
    assert "Paris, <\\/script>" in text
    assert "Paris, </script>" not in text


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.mart)
def test_a_chart_holds_the_very_numbers_of_the_warehouse(metric: Metric) -> None:
    spec = page.chart(metric, rows(metric)).to_dict()

    (value,) = spec["data"]["values"]
    assert [value[name] for name in metric.y] == [12.75] * len(metric.y)
    assert value[metric.x] in ("2026-11-23", "Paris, </script>")


def test_a_ledger_that_does_not_balance_is_told() -> None:
    broken = replace(RUN, tables=(replace(BOOKINGS, bronze_equals_silver=False),))

    assert checks.everything_balances([RUN]).holds
    assert not checks.everything_balances([RUN, broken]).holds
    assert "bookings: the proofs do not balance" in checks.everything_balances([broken]).figures


@pytest.mark.parametrize("rules", [{}, {"status_unknown": 3}, {"status_unknown": 2, "price": 1}])
def test_dirt_that_is_not_found_or_found_too_often_is_told(rules: dict[str, int]) -> None:
    assert checks.all_dirt_is_found(PLANTED, RUN).holds
    assert not checks.all_dirt_is_found(PLANTED, replace(RUN, tables=(replace(BOOKINGS, rejected=rules),))).holds


def test_a_run_that_did_something_after_all_is_told() -> None:
    assert checks.nothing_was_done(RUN, VERSIONS, VERSIONS).holds
    assert not checks.nothing_was_done(RUN, VERSIONS, VERSIONS | {"gold/occupancy": 2}).holds
    assert not checks.nothing_was_done(replace(RUN, used_jvm=True), VERSIONS, VERSIONS).holds
    assert not checks.nothing_was_done(replace(RUN, seconds=3.5), VERSIONS, VERSIONS).holds


def test_a_mirror_that_is_not_what_the_lake_is_is_told() -> None:
    equal = Comparison("raw_data.bookings", "served", Checksum(5, 1), Checksum(5, 1))
    other = replace(equal, warehouse=Checksum(5, 2))

    assert checks.mirrors_are_equal([equal]).holds
    assert not checks.mirrors_are_equal([equal, other]).holds
    assert not checks.mirrors_are_equal([replace(equal, release="behind")]).holds
    assert not checks.mirrors_are_equal([]).holds


def test_the_memory_of_a_run_is_that_of_all_its_processes() -> None:
    child = "x = bytearray(150 << 20); import time; time.sleep(2)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"

    code, peak = watch.watched([sys.executable, "-c", parent], {}, 30)

    assert code == 0
    assert peak > 150 << 20
    assert not checks.memory_is_bounded(4 << 30).holds
    assert checks.memory_is_bounded(peak).holds


def test_memory_that_a_process_shares_with_its_fork_counts_once() -> None:
    forking = "import os, time; x = bytearray(b'1') * (150 << 20); os.fork(); time.sleep(2)"

    _, peak = watch.watched([sys.executable, "-c", forking], {}, 30)

    assert 150 << 20 < peak < 250 << 20


def test_a_run_that_does_not_end_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        watch.watched([sys.executable, "-c", "import time; time.sleep(60)"], {}, 1)
