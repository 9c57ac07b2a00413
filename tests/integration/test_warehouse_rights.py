"""Who owns the warehouse, who reads what, and what is not ours to touch."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

import transforms
from demo.servers.postgres import Postgres
from lakehouse.contracts import Terminal
from lakehouse.warehouse import declared, evolution, tables
from lakehouse.warehouse.model import Relation
from tests.support.warehouse import PASSWORD, catalogue, relation, rows, sql, user, warehouse

REVENUE = relation(day="DATE", orders="INT")
REJECTS = relation("orders", "quarantine", id="BIGINT")
RAW = relation("orders", "raw_data", id="BIGINT")
ALL: list[Relation] = [RAW, relation("orders", "curated", id="BIGINT"), REVENUE, REJECTS]


@pytest.fixture
def empty(warehouse_server: Postgres) -> Iterator[Engine]:
    with warehouse(warehouse_server) as engine:
        yield engine


def readable(engine: Engine) -> dict[str, bool]:
    """Per table of the warehouse whether this user can read it."""
    found = {}
    for relation_ in ALL:
        with engine.connect() as connection:
            try:
                connection.exec_driver_sql(f'SELECT * FROM "{relation_.schema}"."{relation_.name}"')
                found[relation_.where] = True
            except ProgrammingError as error:
                assert "permission denied" in str(error)
                found[relation_.where] = False
    return found


@pytest.mark.parametrize(
    ("role", "sees"), [("analyst", "presentation.revenue"), ("steward", "quarantine.orders"), ("loader", "")]
)
def test_each_role_reads_its_schema_and_nothing_else(empty: Engine, role: str, sees: str) -> None:
    evolution.apply(empty, ALL)
    engine = user(empty, "member", f"GRANT {role} TO x_member")

    assert readable(engine) == {r.where: r.where == sees or role == "loader" for r in ALL}

    if role != "loader":
        for statement in (f"DELETE FROM {sees}", f"DROP TABLE {sees}", "CREATE TABLE presentation.mine (a int)"):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                sql(engine, statement)
    engine.dispose()


def test_nobody_logs_in_as_a_role_and_who_is_in_none_reads_nothing(empty: Engine) -> None:
    evolution.apply(empty, ALL)
    engine = user(empty, "stranger")

    assert readable(engine) == {r.where: False for r in ALL}
    assert (
        rows(empty, "SELECT rolname FROM pg_roles WHERE rolname IN ('loader', 'analyst', 'steward') AND rolcanlogin")
        == []
    )
    engine.dispose()


def test_a_table_made_later_is_read_by_its_role_at_once(empty: Engine) -> None:
    evolution.apply(empty, [REVENUE])
    analyst = user(empty, "analyst", "GRANT analyst TO x_analyst")

    evolution.ensure(empty, [relation("later", day="DATE")])

    assert rows(analyst, "SELECT * FROM presentation.later") == []
    sql(empty, "ALTER DEFAULT PRIVILEGES FOR ROLE loader IN SCHEMA presentation REVOKE SELECT ON TABLES FROM analyst")
    evolution.ensure(empty, [relation("unread", day="DATE")])
    with pytest.raises(ProgrammingError, match="permission denied"):
        rows(analyst, "SELECT * FROM presentation.unread")
    evolution.apply(empty, [relation("unread", day="DATE")])
    assert rows(analyst, "SELECT * FROM presentation.unread") == []
    analyst.dispose()


def test_a_user_who_may_make_roles_and_schemas_applies_and_a_second_member_of_the_loader_goes_on(empty: Engine) -> None:
    first = user(
        empty, "first", "ALTER USER x_first CREATEROLE", f"GRANT CREATE ON DATABASE {empty.url.database} TO x_first"
    )
    evolution.apply(first, ALL)
    second = user(empty, "second", "GRANT loader TO x_second")
    grown = relation(day="DATE", orders="BIGINT", refunds="BIGINT")

    assert evolution.plan(second, ALL).empty
    evolution.apply(second, [grown])

    assert evolution.plan(first, [grown]).empty
    owners = rows(empty, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'presentation'")
    assert owners == [("loader",)]
    first.dispose()
    second.dispose()


def test_tables_that_a_user_made_before_there_were_roles_go_over_to_the_loader_with_their_rows_and_grants(
    empty: Engine,
) -> None:
    evolution.ensure(empty, [REVENUE])
    user(empty, "ana")
    sql(
        empty,
        "INSERT INTO presentation.revenue VALUES ('2025-01-01', 7)",
        "GRANT SELECT ON presentation.revenue TO x_ana",
    )
    assert rows(empty, "SELECT tableowner FROM pg_tables WHERE tablename = 'revenue'") == [("lakehouse",)]
    assert rows(empty, "SELECT FROM pg_roles WHERE rolname = 'loader'") == []

    evolution.apply(empty, [REVENUE])

    assert rows(empty, "SELECT tableowner FROM pg_tables WHERE tablename = 'revenue'") == [("loader",)]
    assert rows(empty, "SELECT orders FROM presentation.revenue") == [(7,)]
    for role in ("analyst", "x_ana"):
        assert rows(empty, f"SELECT has_table_privilege('{role}', 'presentation.revenue', 'SELECT')") == [(True,)]
    assert evolution.plan(empty, [REVENUE]).empty


def test_roles_that_come_after_the_tables_stop_no_release(empty: Engine) -> None:
    ours = user(empty, "ours", f"GRANT CREATE ON DATABASE {empty.url.database} TO x_ours")
    evolution.ensure(ours, [REVENUE])
    sql(empty, "CREATE ROLE loader", "GRANT loader TO x_ours")

    evolution.ensure(ours, [relation(day="DATE", orders="BIGINT", refunds="BIGINT"), relation("more", day="DATE")])

    owners = rows(empty, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'presentation'")
    assert owners == [("x_ours",)]
    ours.dispose()


def test_a_schema_of_an_administrator_takes_the_loaders_tables_once_it_is_granted(empty: Engine) -> None:
    boss = user(empty, "boss", f"GRANT CREATE ON DATABASE {empty.url.database} TO x_boss")
    sql(boss, "CREATE SCHEMA presentation")
    ours = user(empty, "ours", "CREATE ROLE loader", "GRANT loader TO x_ours")

    with pytest.raises(Terminal, match=r"permission missing: x_ours may not make tables .* belongs to x_boss"):
        evolution.ensure(ours, [REVENUE])
    sql(boss, "GRANT USAGE, CREATE ON SCHEMA presentation TO loader")
    evolution.ensure(ours, [REVENUE])

    assert rows(empty, "SELECT tableowner FROM pg_tables WHERE schemaname = 'presentation'") == [("loader",)]
    boss.dispose()
    ours.dispose()


@pytest.mark.parametrize(
    "theirs", ["TABLE presentation.revenue (day date, orders int)", "VIEW presentation.revenue AS SELECT 1 AS day"]
)
def test_a_table_or_view_of_somebody_else_in_the_way_is_named_and_left_as_it_is(empty: Engine, theirs: str) -> None:
    evolution.apply(empty, [relation("other", day="DATE")])
    ana = user(empty, "ana", "GRANT USAGE, CREATE ON SCHEMA presentation TO x_ana")
    sql(ana, f"CREATE {theirs}")
    before = catalogue(empty)

    (refusal,) = evolution.plan(empty, [REVENUE]).refusals
    assert refusal.where == "presentation.revenue"
    assert "x_ana" in refusal.reason
    with pytest.raises(Terminal, match=r"presentation\.revenue: .* of x_ana .*has this name"):
        evolution.ensure(empty, [REVENUE])

    assert catalogue(empty) == before
    sql(empty, f"ALTER {theirs.partition(' ')[0]} presentation.revenue RENAME TO revenue_of_ana")
    evolution.apply(empty, [REVENUE])
    assert evolution.plan(empty, [REVENUE]).empty
    ana.dispose()


def test_without_a_look_at_the_owner_an_administrator_would_change_the_table_of_somebody_else(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql(empty, "CREATE SCHEMA presentation")
    ana = user(empty, "ana", "GRANT USAGE, CREATE ON SCHEMA presentation TO x_ana")
    sql(ana, "CREATE TABLE presentation.revenue (day date)")
    with pytest.raises(Terminal, match="a table of x_ana has this name"):
        evolution.ensure(empty, [REVENUE])
    monkeypatch.setattr(tables, "_in_the_way", lambda table, schema, found: None)

    evolution.ensure(empty, [REVENUE])

    assert rows(ana, "SELECT orders FROM presentation.revenue") == []
    ana.dispose()


def test_a_user_without_rights_is_told_what_is_missing_and_who_must_give_it(empty: Engine) -> None:
    stranger = user(empty, "stranger")
    before = catalogue(empty)

    told = {r.where: r.reason for r in evolution.plan(stranger, [REVENUE]).refusals}

    assert told.keys() == {"loader", "analyst", "presentation"}
    assert 'CREATE ROLE "loader" NOLOGIN' in told["loader"]
    assert "permission missing: user x_stranger may not create schemas" in told["presentation"]
    with pytest.raises(Terminal, match="permission missing") as error:
        evolution.ensure(stranger, [REVENUE])
    assert PASSWORD not in str(error.value)
    assert catalogue(empty) == before
    stranger.dispose()


def test_a_user_who_reads_but_does_not_own_is_told_so_when_a_column_is_new(empty: Engine) -> None:
    sql(empty, "CREATE SCHEMA presentation")
    evolution.ensure(empty, [REVENUE])
    writer = user(empty, "writer", "GRANT ALL ON SCHEMA presentation TO x_writer",
                  "GRANT ALL ON presentation.revenue TO x_writer")  # fmt: skip
    evolution.ensure(writer, [REVENUE])

    with pytest.raises(Terminal, match=r"permission missing \(must be owner of table revenue\)"):
        evolution.ensure(writer, [relation(day="DATE", orders="INT", refunds="BIGINT")])

    evolution.ensure(writer, [REVENUE])
    writer.dispose()


def test_nobody_but_the_loader_may_look_at_what_stands_in_raw_data(empty: Engine) -> None:
    evolution.apply(empty, declared.relations(transforms.catalog()))

    usage = rows(
        empty, "SELECT grantee::regrole::text FROM pg_namespace n, aclexplode(n.nspacl) WHERE nspname = 'raw_data'"
    )
    tables = rows(
        empty, "SELECT relname FROM pg_class WHERE relnamespace = 'raw_data'::regnamespace AND relacl IS NOT NULL"
    )
    assert {name for (name,) in usage} <= {"loader"}
    assert tables == []
