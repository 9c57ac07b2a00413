"""Mirrors as a run of the marketplace makes them: after the release, told in its report, tried again by the next."""

import pytest
from sqlalchemy import Engine, create_engine

from demo.marketplace.generate import generate
from demo.servers.postgres import Postgres
from lakehouse import ledger
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport
from lakehouse.warehouse.model import SCHEMAS
from tests.integration.test_bad_input import Shell, shell
from tests.support.warehouse import rows, sql

__all__ = ["shell"]
SCALE, SECONDS = 0.01, 900


def newest(shell: Shell) -> RunReport:
    found = ledger.newest(Lake(str(shell.folder / "lake")))
    assert found is not None
    return found


@pytest.fixture
def engine(warehouse_server: Postgres) -> Engine:
    made = create_engine(warehouse_server.url("psycopg", "warehouse"))
    sql(made, *(f"DROP SCHEMA IF EXISTS {schema} CASCADE" for schema in SCHEMAS))
    return made


@pytest.mark.long
def test_a_mirror_that_fails_holds_back_no_mart_is_told_and_is_tried_again(shell: Shell, engine: Engine) -> None:
    with shell.admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {shell.admin.database}")
    generate(shell.admin, SCALE)
    sql(engine, "CREATE SCHEMA raw_data", "CREATE VIEW raw_data.bookings AS SELECT 'an analyst''s' AS own")

    done = shell.say("run", within=SECONDS)

    first = newest(shell)
    assert done.returncode == 1
    assert "mirror raw_data.bookings: the warehouse is not changed: raw_data.bookings: something of" in done.stdout
    assert [error.partition(":")[0] for error in first.errors] == ["raw_data.bookings"]
    assert first.release == 1 and all(mart.balanced and mart.warehouse_equals_gold for mart in first.marts)
    assert {m.name for m in first.mirrors if m.rows} > {
        "raw_data.apartments",
        "curated.bookings",
        "quarantine.bookings",
    }
    assert rows(engine, "SELECT count(*) FROM curated.bookings")[0][0] > 0

    sql(engine, "DROP VIEW raw_data.bookings")
    again = shell.say("run", within=SECONDS)

    second = newest(shell)
    assert again.returncode == 0, again.stderr
    assert [(m.name, m.status) for m in second.mirrors] == [("raw_data.bookings", "replaced")]
    assert not second.used_jvm and not second.marts
    reconciled = shell.say("reconcile", "--warehouse")
    assert reconciled.returncode == 0, reconciled.stdout
    assert "raw_data.bookings" in reconciled.stdout

    idle = shell.say("run", within=SECONDS)
    assert idle.returncode == 0 and newest(shell).mirrors == ()
    quiet = shell.say("run", "--mode", "reconcile", within=SECONDS, LAKEHOUSE_MIRRORS="none")
    assert quiet.returncode == 0 and newest(shell).mirrors == ()
