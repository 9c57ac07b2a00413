"""`lakehouse warehouse` as a person types it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from cli.main import app
from demo.servers.postgres import Postgres
from tests.support.warehouse import rows, sql, user, warehouse


@pytest.fixture
def empty(warehouse_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty warehouse, which the settings name."""
    with warehouse(warehouse_server) as engine:
        for name in ("host", "port", "database"):
            monkeypatch.setenv(f"LAKEHOUSE_WAREHOUSE__{name.upper()}", str(getattr(engine.url, name)))
        monkeypatch.setenv("LAKEHOUSE_WAREHOUSE__PASSWORD", warehouse_server.password)
        monkeypatch.setenv("LAKEHOUSE_WAREHOUSE__TLS", "off")
        yield engine


def lakehouse(*words: str) -> Result:
    return CliRunner().invoke(app, ["warehouse", *words])


def test_plan_apply_plan(empty: Engine) -> None:
    first = lakehouse("plan", "--layer", "presentation")
    assert first.exit_code == 0
    assert "create" in first.output
    assert "presentation.occupancy_rate_monthly" in first.output
    assert "curated" not in first.output
    assert rows(empty, "SELECT FROM pg_namespace WHERE nspname = 'presentation'") == []

    done = lakehouse("apply", "--layer", "presentation")
    again = lakehouse("plan", "--layer", "presentation")

    assert (done.exit_code, done.output) == (0, first.output)
    assert (again.exit_code, again.output.strip()) == (0, "the warehouse is as declared; nothing to do")
    assert "raw_data.bookings" in lakehouse("plan").output


def test_what_is_refused_is_shown_with_its_reason_and_the_command_fails(empty: Engine) -> None:
    sql(empty, "CREATE SCHEMA presentation")
    ana = user(empty, "ana", "GRANT ALL ON SCHEMA presentation TO x_ana")
    sql(ana, "CREATE TABLE presentation.supply_monthly (mine int)")

    shown = lakehouse("plan", "--layer", "presentation")
    done = lakehouse("apply", "--layer", "presentation")

    assert shown.exit_code == done.exit_code == 1
    (line,) = (line for line in shown.output.splitlines() if "refused" in line)
    assert "presentation.supply_monthly" in line
    assert "x_ana" in line
    assert done.stderr.startswith("error: the warehouse is not changed: presentation.supply_monthly: a table of x_ana")
    assert rows(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'presentation'") == [("supply_monthly",)]
    ana.dispose()


def test_a_lock_is_waited_for_as_long_as_told(empty: Engine) -> None:
    assert lakehouse("apply", "--layer", "presentation").exit_code == 0
    sql(empty, "ALTER TABLE presentation.supply_monthly DROP COLUMN city CASCADE")
    with empty.connect() as reader:
        reader.exec_driver_sql("SELECT * FROM presentation.supply_monthly")
        done = lakehouse("apply", "--layer", "presentation", "--wait", "0.3")
    assert done.exit_code == 1
    assert "of user lakehouse holds presentation.supply_monthly" in done.stderr


@pytest.mark.parametrize(("dialect", "told"), [("redshift", "DISTKEY"), ("postgres", "NULLS NOT DISTINCT")])
def test_the_statements_are_printed_without_a_warehouse(dialect: str, told: str) -> None:
    found = lakehouse("ddl", "--dialect", dialect, "--layer", "presentation", "--layer", "quarantine")
    assert found.exit_code == 0
    assert told in found.output
    assert '"presentation"."occupancy_rate_monthly"' in found.output
    assert '"quarantine"."bookings"' in found.output
    assert '"curated"' not in found.output


def test_help_says_where_to_begin() -> None:
    found = lakehouse("--help")
    assert "Begin with" in found.output
    assert all(word in found.output for word in ("ddl", "plan", "apply", "loader", "analyst", "steward"))
