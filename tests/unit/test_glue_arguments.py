"""A Glue job's arguments: ours are understood, Glue's are passed over, and what cannot be meant is refused by name."""

import os
from datetime import date

import pytest

from deployments.glue import entry
from deployments.glue.arguments import parse
from lakehouse import floor, settings
from lakehouse.contracts import Terminal
from lakehouse.handover import Asked

GLUE = [
    "--JOB_NAME", "lakehouse-table", "--JOB_RUN_ID", "jr_1", "--TempDir", "s3://b/t", "--enable-metrics", "true",
    "--job-bookmark-option", "job-bookmark-disable", "--extra-jars", "s3://b/a.jar", "--conf", "spark.a=b",
]  # fmt: skip


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that a test puts into the environment leave with it."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.parametrize("step", ["plan", "marts", "publish", "reconcile", "summary"])
def test_a_step_is_found_among_what_glue_passes(step: str) -> None:
    found = parse([*GLUE, "--run-id", "r1", f"--{step}", "true"])
    assert (found.step, found.run_id, found.asked) == (step, "r1", Asked())
    assert parse([*GLUE, f"--{step}", "--run-id", "r1"]) == found, "a bare flag is the same"


def test_a_table_is_a_step() -> None:
    found = parse(["job.py", "--table", "bookings", "--run-id", "r1", *GLUE])
    assert (found.step, found.table) == ("table", "bookings")


def test_a_plan_takes_all_that_a_run_can_be_asked_for_and_an_empty_value_is_none() -> None:
    given = ["--run-id", "r1", "--plan", "true", "--mode", "backfill", "--since", "2026-01-01", "--until", "2026-02-01"]
    found = parse([*given, "--as-of", "", "--tables", "bookings, apartments", "--publish", "false", "--table", ""])
    assert found.asked == Asked(
        "backfill", date(2026, 1, 1), date(2026, 2, 1), None, ("bookings", "apartments"), publish=False
    )


def test_a_whole_run_needs_no_id_and_may_leave_the_warehouse_alone() -> None:
    found = parse(["--whole", "true", "--publish", "false"])
    assert (found.step, found.run_id, found.asked.publish) == ("whole", None, False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--run-id", "r"], "no step asked for; give --run-id R and one of --table NAME, --plan true"),
        (["--run-id", "r", "--marts", "true", "--publish", "true"], "marts and publish asked for"),
        (["--table", "bookings"], "--run-id is missing"),
        (["--run-id", "r", "--tabel", "bookings"], "there is no argument --tabel; do you mean --table"),
        (["--run-id", "r", "--plan", "true", "--mode", "quick"], "--mode quick: Input should be 'incremental'"),
        (["--run-id", "r", "--plan", "true", "--since", "soon"], "--since soon: "),
        (["--run-id", "r", "--plan", "perhaps"], "--plan perhaps: give true or false"),
        (["--run-id", "r", "--marts", "true", "--mode", "full"], "--mode goes with --plan or --whole only"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(given: list[str], said: str) -> None:
    with pytest.raises(Terminal, match=said):
        parse(given)


def test_settings_are_arguments_where_there_is_no_environment() -> None:
    parse(["--run-id", "r", "--marts", "true", "--LAKEHOUSE_SOURCE__HOST", "db", "--LAKEHOUSE_SPARK__MASTER=platform"])
    found = settings.load()
    assert (found.source.host, found.spark.master) == ("db", "platform")


def test_a_misspelt_setting_is_refused_with_the_one_that_is_meant() -> None:
    parse(["--run-id", "r", "--marts", "true", "--LAKEHOUSE_SORCE__HOST", "db"])
    with pytest.raises(Terminal, match="LAKEHOUSE_SORCE__HOST; do you mean LAKEHOUSE_SOURCE__HOST"):
        settings.load()


def test_every_secret_is_refused_as_an_argument_and_its_value_is_not_told() -> None:
    names = settings.secret_names()
    assert names == {
        "LAKEHOUSE_SOURCE__PASSWORD", "LAKEHOUSE_WAREHOUSE__PASSWORD", "LAKEHOUSE_PRIVACY__KEY",
        "LAKEHOUSE_ALERT_WEBHOOK",
    }  # fmt: skip
    for name in names:
        with pytest.raises(Terminal, match=f"{name} is a secret") as error:
            parse(["--run-id", "r", "--marts", "true", f"--{name.lower()}", "canary-77"])
        assert "canary-77" not in str(error.value)
        assert name not in os.environ


@pytest.mark.parametrize(("version", "platform"), [("3.5.6", "AWS Glue 5.1"), ("3.5.4", "AWS Glue 5.0")])
def test_a_glue_that_cannot_work_is_refused_by_name(
    version: str, platform: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pyspark.__version__", version)
    with pytest.raises(SystemExit, match=rf"^Terminal: Spark {version} \({platform}\) cannot work: .*Glue 6.0"):
        entry.main(["--run-id", "r", "--plan", "true"])


@pytest.mark.parametrize("version", ["4.0.2-amzn-0", "4.1.1", "4.2.0"])
def test_the_spark_of_glue_6_and_emr_8_is_not_refused(version: str) -> None:
    floor.refuse_old_spark(version)
