"""The warehouse made from the declarations: all of it or nothing, and twice is once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

import transforms
from demo.servers.postgres import Postgres
from lakehouse.contracts import Terminal, Transient
from lakehouse.warehouse import ddl_postgres, declared, evolution, tables
from lakehouse.warehouse.model import SCHEMAS, Relation
from tests.support.warehouse import catalogue, relation, rows, sql, user, warehouse

TYPES = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
COMMENTS = "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = '{}'::regclass"
OLD_TYPES = {"day": "DATE", "orders": "INT", "revenue": "DECIMAL(12,2)"}
OLD = relation(**OLD_TYPES)


@pytest.fixture
def empty(warehouse_server: Postgres) -> Iterator[Engine]:
    with warehouse(warehouse_server) as engine:
        yield engine


def types(engine: Engine, table: str = "presentation.revenue") -> dict[str, str]:
    return dict(rows(engine, TYPES.format(table)))


def changes(engine: Engine, *relations: Relation, **options: bool) -> list[tuple[str, str, str]]:
    return [(c.what, c.where, c.detail) for c in evolution.plan(engine, relations, **options).changes]


def test_an_empty_warehouse_gets_every_declared_table_with_its_types_key_and_comments(empty: Engine) -> None:
    wanted = declared.relations(transforms.catalog())

    evolution.apply(empty, wanted)

    there = rows(empty, "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tableowner = 'loader' ORDER BY 1")
    assert [name for (name,) in there] == sorted(r.where for r in wanted)
    assert {r.schema for r in wanted} == set(SCHEMAS)
    assert types(empty, "curated.apartment_attributes")["amenities"] == "text[]"
    assert types(empty, "curated.bookings")["updated_at"] == "timestamp with time zone"
    assert types(empty, "presentation.occupancy_rate_monthly")["occupancy_rate"] == "numeric(9,6)"
    said = dict(rows(empty, COMMENTS.format("presentation.occupancy_rate_monthly")))
    assert said["booked_nights"] == "Distinct nights of listings with a confirmed stay [nights]"
    keys = dict(rows(empty, "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('p', 'u')"))
    assert keys["bookings_history_key"] == "PRIMARY KEY (booking_id, _seq)"
    assert keys["occupancy_rate_monthly_key"] == "UNIQUE NULLS NOT DISTINCT (month_start, level, city, state)"


def test_apply_twice_is_once(empty: Engine) -> None:
    wanted = declared.relations(transforms.catalog())
    assert not evolution.plan(empty, wanted).empty
    evolution.apply(empty, wanted)
    before = catalogue(empty)

    assert evolution.plan(empty, wanted).empty
    assert evolution.apply(empty, wanted).empty
    assert catalogue(empty) == before


def test_the_printed_statements_make_what_apply_makes(empty: Engine) -> None:
    wanted = declared.relations(transforms.catalog())
    raw = empty.raw_connection()
    with raw.cursor() as cursor:
        cursor.execute(";\n".join(evolution.script(wanted)))
    raw.close()

    assert evolution.plan(empty, wanted).empty


def test_a_key_is_kept_by_the_warehouse_and_takes_two_missing_values_for_the_same(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    sql(empty, "INSERT INTO presentation.revenue VALUES (NULL, 1, 1)")

    with pytest.raises(Exception, match="revenue_key"):
        sql(empty, "INSERT INTO presentation.revenue VALUES (NULL, 2, 2)")


def test_columns_are_added_widened_and_told_in_place(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    sql(empty, "ALTER TABLE presentation.revenue ADD note varchar(9)",
        "INSERT INTO presentation.revenue VALUES ('2025-01-01', 7, 0.25, 'fair')")  # fmt: skip
    new = relation(day="DATE", orders="BIGINT", revenue="DECIMAL(14,2)", note="STRING", refunds="BIGINT")
    oid = rows(empty, "SELECT 'presentation.revenue'::regclass::oid")

    assert changes(empty, new)[:4] == [
        ("widen", "presentation.revenue.orders", "integer → bigint"),
        ("widen", "presentation.revenue.revenue", "numeric(12,2) → numeric(14,2)"),
        ("widen", "presentation.revenue.note", "character varying(9) → text"),
        ("add column", "presentation.revenue.refunds", "bigint"),
    ]
    evolution.apply(empty, [new])

    assert types(empty) == {
        "day": "date",
        "orders": "bigint",
        "revenue": "numeric(14,2)",
        "note": "text",
        "refunds": "bigint",
    }
    assert rows(empty, "SELECT orders, revenue::text, note, refunds FROM presentation.revenue") == [
        (7, "0.25", "fair", None)
    ]
    assert rows(empty, "SELECT 'presentation.revenue'::regclass::oid") == oid
    assert evolution.plan(empty, [new]).empty


LOSSY = {
    "narrower": ({"day": "DATE", "orders": "INT", "revenue": "DECIMAL(10,2)"}, "revenue", "numeric(12,2)"),
    "other scale": ({"day": "DATE", "orders": "INT", "revenue": "DECIMAL(14,3)"}, "revenue", "numeric(14,3)"),
    "smaller": ({"day": "DATE", "orders": "SMALLINT", "revenue": "DECIMAL(12,2)"}, "orders", "declared smallint"),
    "other kind": ({"day": "DATE", "orders": "STRING", "revenue": "DECIMAL(12,2)"}, "orders", "declared text"),
    "dropped": ({"day": "DATE", "orders": "INT"}, "revenue", "not declared any more"),
}


@pytest.mark.parametrize("how", LOSSY)
def test_what_could_lose_a_value_is_refused_by_name_and_nothing_else_is_done_either(empty: Engine, how: str) -> None:
    columns, column, told = LOSSY[how]
    evolution.apply(empty, [OLD])
    before = catalogue(empty)
    wanted = [relation(**columns, refunds="BIGINT"), relation("more", day="DATE")]

    (refusal,) = evolution.plan(empty, wanted).refusals
    assert refusal.where == f"presentation.revenue.{column}"
    assert told in refusal.reason
    with pytest.raises(Terminal, match=f"not changed: presentation.revenue.{column}: "):
        evolution.apply(empty, wanted)

    assert catalogue(empty) == before
    evolution.apply(empty, [relation(**OLD_TYPES, refunds="BIGINT"), wanted[1]])
    assert types(empty, "presentation.more") == {"day": "date"}


def test_views_of_analysts_and_their_grants_survive_columns_that_are_added_and_widened(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    user(empty, "ana")
    sql(empty, "CREATE SCHEMA ana", "CREATE VIEW ana.best AS SELECT day, orders FROM presentation.revenue",
        "GRANT SELECT ON ana.best TO x_ana", "GRANT SELECT (revenue) ON presentation.revenue TO x_ana",
        "GRANT SELECT ON presentation.revenue TO x_ana WITH GRANT OPTION")  # fmt: skip
    before = catalogue(empty)

    evolution.apply(empty, [relation(day="DATE", orders="INT", revenue="DECIMAL(14,2)", refunds="BIGINT")])

    after = catalogue(empty)
    assert [row for row in before if row not in after] == [
        r for r in before if r[2] == "revenue" and r[4] == "numeric(12,2)"
    ]
    assert {r[2] for r in after if r not in before} == {"revenue", "refunds"}


def test_a_column_that_a_view_reads_is_not_widened_and_the_view_is_named(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    sql(empty, "CREATE SCHEMA ana", "CREATE VIEW ana.best AS SELECT day, orders FROM presentation.revenue",
        "CREATE VIEW ana.worst AS SELECT revenue FROM presentation.revenue")  # fmt: skip
    wanted = relation(day="DATE", orders="BIGINT", revenue="DECIMAL(12,2)")

    (refusal,) = evolution.plan(empty, [wanted]).refusals
    assert "ana.best" in refusal.reason
    assert "ana.worst" not in refusal.reason

    sql(empty, "DROP VIEW ana.best")
    evolution.apply(empty, [wanted])
    assert types(empty)["orders"] == "bigint"


def test_a_grain_that_grows_changes_the_key_and_one_that_the_rows_break_is_refused_by_name(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    by_both = Relation("presentation", "revenue", OLD.columns, ("day", "orders"), comment=OLD.comment)
    assert changes(empty, by_both) == [("key", "presentation.revenue", "day, orders")]
    evolution.apply(empty, [by_both])
    sql(empty, "INSERT INTO presentation.revenue VALUES ('2025-01-01', 1, 1), ('2025-01-01', 2, 1)")
    before = catalogue(empty)

    with pytest.raises(Terminal, match=r"presentation\.revenue revenue_key") as told:
        evolution.apply(empty, [OLD])

    assert "2025" not in str(told.value)
    assert catalogue(empty) == before


def test_reserved_words_quotes_and_blanks_are_names_like_any_other(empty: Engine) -> None:
    name, columns = 'or"der by', {"select": "DATE", "user": "BIGINT", 'a"b c': "STRING", "100%": "INT", "Größe": "INT"}
    table = 'presentation."or""der by"'
    evolution.apply(empty, [relation(name, **columns)])

    assert list(types(empty, table)) == list(columns)
    assert dict(rows(empty, COMMENTS.format(table)))["100%"] == "What 100% is"
    assert evolution.plan(empty, [relation(name, **columns)]).empty
    evolution.apply(empty, [relation(name, **{**columns, "100%": "BIGINT"}, table="DATE")])
    assert list(types(empty, table).items())[-3:] == [("100%", "bigint"), ("Größe", "integer"), ("table", "date")]


@pytest.mark.parametrize(("name", "told"), [("xmin", "itself has"), ("n" * 64, "longer than 63 bytes")])
def test_a_name_that_the_server_cannot_hold_is_refused_before_anything_is_done(
    empty: Engine, name: str, told: str
) -> None:
    before = catalogue(empty)
    with pytest.raises(Terminal, match=told):
        evolution.apply(empty, [relation("fine", day="DATE"), relation(day="DATE", **{name: "BIGINT"})])
    assert catalogue(empty) == before


def test_a_lock_is_waited_for_so_long_and_no_longer_and_its_holder_is_named_without_a_word_of_the_query(
    empty: Engine,
) -> None:
    evolution.apply(empty, [OLD])
    reader = user(empty, "reader", "GRANT analyst TO x_reader")
    wanted = relation(**OLD_TYPES, refunds="BIGINT")
    with reader.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM presentation.revenue WHERE orders = 4711")
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        before = catalogue(empty)
        with pytest.raises(Transient, match=rf"pid {pid} of user x_reader holds presentation\.revenue") as told:
            evolution.apply(empty, [wanted], wait=0.3)
        assert catalogue(empty) == before
    assert "4711" not in str(told.value)
    assert "UTC" in str(told.value)
    reader.dispose()


def test_a_lock_that_ends_in_time_is_waited_for(empty: Engine) -> None:
    evolution.apply(empty, [OLD])
    with empty.connect() as reader, ThreadPoolExecutor(1) as pool:
        reader.exec_driver_sql("SELECT * FROM presentation.revenue")
        done = pool.submit(evolution.apply, empty, [relation(**OLD_TYPES, refunds="BIGINT")], wait=60)
        with pytest.raises(TimeoutError):
            done.result(timeout=1)
        reader.rollback()
        done.result(timeout=30)
    assert "refunds" in types(empty)


def test_a_user_to_whom_the_server_shows_less_is_told_of_the_holder_what_it_shows(empty: Engine) -> None:
    ours = user(
        empty, "ours", "ALTER USER x_ours CREATEROLE", f"GRANT CREATE ON DATABASE {empty.url.database} TO x_ours"
    )
    evolution.apply(ours, [OLD])
    with empty.connect() as reader:
        reader.exec_driver_sql("SELECT * FROM presentation.revenue")
        with pytest.raises(Transient, match=r"user lakehouse holds presentation\.revenue; .* at a time not shown"):
            evolution.apply(ours, [relation(**OLD_TYPES, refunds="BIGINT")], wait=0.3)
    ours.dispose()


def test_two_that_apply_at_once_come_one_after_the_other(empty: Engine) -> None:
    with empty.begin() as other:
        other.exec_driver_sql(evolution.ONE_AT_A_TIME)
        pid = other.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with pytest.raises(Transient, match=f"pid {pid} of user lakehouse holds the turn to change tables"):
            evolution.apply(empty, [OLD], wait=0.3)
    evolution.apply(empty, [OLD], wait=0.3)
    assert evolution.plan(empty, [OLD]).empty


def test_without_the_rules_of_widening_a_value_is_lost(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    evolution.apply(empty, [OLD])
    sql(empty, "INSERT INTO presentation.revenue VALUES ('2025-01-01', 7, 0.25)")
    coarser = relation(day="DATE", orders="INT", revenue="DECIMAL(12,1)")
    with pytest.raises(Terminal, match="need not hold all that is there"):
        evolution.apply(empty, [coarser])
    assert rows(empty, "SELECT revenue::text FROM presentation.revenue") == [("0.25",)]

    monkeypatch.setattr(ddl_postgres, "widens", lambda there, wanted: True)
    evolution.apply(empty, [coarser])

    assert rows(empty, "SELECT revenue::text FROM presentation.revenue") == [("0.3",)]


def blind(retyped: Callable[..., object]) -> Callable[..., object]:
    """The same without an eye for views."""
    return lambda relation, column, there: retyped(relation, column, replace(there, views=()))


def test_what_the_plan_does_not_see_is_refused_by_the_server_and_nothing_is_changed(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolution.apply(empty, [OLD])
    sql(empty, "CREATE VIEW public.best AS SELECT orders FROM presentation.revenue")
    before, wanted = catalogue(empty), relation(**{**OLD_TYPES, "orders": "BIGINT"})
    monkeypatch.setattr(tables, "_retyped", blind(tables._retyped))

    with pytest.raises(Terminal, match=r"something depends on it .* nothing was changed"):
        evolution.apply(empty, [relation("other", day="DATE"), wanted])

    assert catalogue(empty) == before


def test_a_warehouse_that_releases_made_without_declarations_gets_keys_and_comments_and_keeps_its_rows(
    empty: Engine,
) -> None:
    sql(empty, "CREATE SCHEMA presentation", """CREATE TABLE presentation.load_log (
          release bigint PRIMARY KEY, run_id text NOT NULL, marts text NOT NULL,
          released_at timestamptz NOT NULL DEFAULT now())""",
        "CREATE TABLE presentation.gross_booking_value_daily AS SELECT '2025-01-01'::date AS day")  # fmt: skip
    mart = next(r for r in declared.relations(transforms.catalog()) if r.name == "gross_booking_value_daily")

    evolution.ensure(empty, [declared.LOAD_LOG, mart])

    done = evolution.plan(empty, [declared.LOAD_LOG, mart], with_rights=False)
    assert done.empty
    assert rows(empty, "SELECT day::text FROM presentation.gross_booking_value_daily") == [("2025-01-01",)]
    ours = "contype IN ('p', 'u') AND connamespace = 'presentation'::regnamespace"
    keys = rows(empty, f"SELECT conname FROM pg_constraint WHERE {ours} ORDER BY 1")
    assert keys == [("gross_booking_value_daily_key",), ("load_log_pkey",)]
