"""A release makes and evolves its tables before its transaction, and what analysts built on them stays."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Engine, event

from demo.servers.postgres import Postgres
from lakehouse.contracts import Catalog, Mart, MartColumn, Recipe, Terminal
from lakehouse.lake import Lake, State
from lakehouse.warehouse import declared, evolution
from lakehouse.warehouse import release as releases
from tests.support import gold
from tests.support.warehouse import catalogue, rows, sql, user, warehouse

NUMBERS = itertools.count()
OF_LABEL = (MartColumn("label", "STRING", "Label of the order"), MartColumn("order", "INT", "How many", "orders"))
PAID = MartColumn("select", "DECIMAL(14,2)", "Paid for them: 100% of it", "USD")
FIRST = Mart("user", ("label",), "Orders by label", columns=OF_LABEL)
SECOND = Mart("user", ("label",), "Orders by label", columns=(*OF_LABEL, PAID))
ROWS = pa.table(
    {
        "label": ["north", "south", None],
        "order": pa.array([1, 1, 1], pa.int32()),
        "select": pa.array([Decimal("5.00"), Decimal("7.25"), Decimal("1.00")], pa.decimal128(14, 2)),
    }
)


@dataclass(frozen=True)
class Made:
    """A mart in a lake of its own."""

    lake: Lake
    mart: Mart
    state: State


@pytest.fixture
def first(tmp_path: Path) -> Made:
    lake = Lake(str(tmp_path / "first"))
    return Made(lake, FIRST, gold.write(lake, "user", ROWS.select(["label", "order"])))


@pytest.fixture
def second(tmp_path: Path) -> Made:
    lake = Lake(str(tmp_path / "second"))
    return Made(lake, SECOND, gold.write(lake, "user", ROWS))


@pytest.fixture
def empty(warehouse_server: Postgres) -> Iterator[Engine]:
    with warehouse(warehouse_server) as engine:
        yield engine


def release(engine: Engine, made: Made, mart: Mart | None = None) -> int:
    """Another release of the mart, whatever is served."""
    known = {"user": mart or made.mart}
    return releases.release(engine, made.lake, {"user": made.state}, f"run{next(NUMBERS)}", known)[0].release


def tables(mart: Mart) -> list[declared.Relation]:
    """What the declarations ask for."""
    return declared.relations(Catalog({}, {"user": Recipe(mart, lambda: None, (), "1")}))


def served(engine: Engine) -> list[tuple]:
    return rows(engine, 'SELECT * FROM presentation."user" ORDER BY label')


def test_columns_that_are_reserved_words_are_released_with_their_comments_and_key(empty: Engine, second: Made) -> None:
    assert release(empty, second) == 1

    assert [(label, order, str(paid)) for label, order, paid in served(empty)] == [
        ("north", 1, "5.00"), ("south", 1, "7.25"), (None, 1, "1.00")
    ]  # fmt: skip
    said = rows(empty, "SELECT col_description('presentation.\"user\"'::regclass, 3)")
    assert said == [("Paid for them: 100% of it [USD]",)]
    assert evolution.plan(empty, tables(SECOND), with_rights=False).empty


def test_fifty_releases_change_nothing_in_the_catalogue(empty: Engine, second: Made) -> None:
    evolution.apply(empty, tables(SECOND))
    user(empty, "ana")
    sql(empty, "CREATE SCHEMA ana", 'CREATE VIEW ana.best AS SELECT label, "select" FROM presentation."user"',
        "GRANT SELECT ON ana.best TO x_ana", 'GRANT SELECT ("order") ON presentation."user" TO x_ana')  # fmt: skip
    before = catalogue(empty)

    assert [release(empty, second) for _ in range(50)] == list(range(1, 51))

    assert catalogue(empty) == before
    assert len(rows(empty, "SELECT * FROM ana.best")) == 3
    sql(empty, "REVOKE SELECT ON ana.best FROM x_ana")
    assert catalogue(empty) != before


def test_the_transaction_of_a_release_defines_nothing_but_its_stage(empty: Engine, second: Made) -> None:
    said: list[str] = []
    event.listen(empty, "begin", lambda connection: said.append("BEGIN"))
    event.listen(empty, "before_cursor_execute", lambda c, cursor, statement, *rest: said.append(statement.strip()))

    release(empty, second)

    last = said[len(said) - said[::-1].index("BEGIN") :]
    defines = [s for s in said if s.startswith(("CREATE", "ALTER", "COMMENT", "GRANT", "DROP", "TRUNCATE"))]
    assert any(s.startswith('CREATE TABLE "presentation"."user"') for s in defines)
    assert any(s.startswith('INSERT INTO "presentation"."load_log"') for s in last)
    assert [s for s in defines if s in last and not s.startswith("CREATE TEMPORARY TABLE")] == []


def test_a_mart_with_a_column_more_is_released_into_the_table_that_analysts_use(
    empty: Engine, first: Made, second: Made
) -> None:
    evolution.apply(empty, tables(FIRST))
    release(empty, first)
    ana = user(empty, "ana", "GRANT analyst TO x_ana", "CREATE SCHEMA ana", "GRANT USAGE ON SCHEMA ana TO x_ana",
               'CREATE VIEW ana.best AS SELECT label, "order" FROM presentation."user"',
               "GRANT SELECT ON ana.best TO x_ana")  # fmt: skip
    before = catalogue(empty)

    release(empty, second)

    assert [row for row in before if row not in catalogue(empty)] == []
    assert {row[2] for row in catalogue(empty) if row not in before} == {"select"}
    assert len(rows(ana, "SELECT * FROM ana.best")) == 3
    assert [str(paid) for *_, paid in rows(ana, 'SELECT * FROM presentation."user" ORDER BY label')] == [
        "5.00",
        "7.25",
        "1.00",
    ]
    ana.dispose()


def test_a_mart_that_would_lose_a_column_is_refused_and_the_old_release_is_served(
    empty: Engine, first: Made, second: Made
) -> None:
    release(empty, second)
    before, rows_before = catalogue(empty), served(empty)

    with pytest.raises(Terminal, match=r"presentation\.user\.select: it is not declared any more"):
        release(empty, first)

    assert (catalogue(empty), served(empty)) == (before, rows_before)
    assert releases.serving(empty).release == 1
    sql(empty, 'ALTER TABLE "presentation"."user" DROP COLUMN "select"')
    assert release(empty, first) == 2


def test_a_column_of_gold_that_is_not_declared_is_refused_by_name(empty: Engine, second: Made) -> None:
    before = catalogue(empty)

    with pytest.raises(Terminal, match="mart user: gold has select, not declared"):
        release(empty, second, FIRST)

    assert catalogue(empty) == before
    assert releases.serving(empty).release == 0


def test_rows_that_share_a_key_are_refused_by_the_warehouse_and_the_old_release_is_served(
    empty: Engine, second: Made
) -> None:
    release(empty, second)
    before, coarser = served(empty), Mart("user", ("order",), "Orders by label", columns=SECOND.columns)

    with pytest.raises(Terminal, match=r"a rule of the table is broken \(presentation\.user user_key\)"):
        release(empty, second, coarser)

    assert (served(empty), releases.serving(empty).release) == (before, 1)


def test_a_user_who_may_make_nothing_is_told_what_is_missing_and_the_old_release_is_served(
    empty: Engine, first: Made, second: Made
) -> None:
    release(empty, first)
    before = served(empty)
    weak = user(empty, "weak", "GRANT USAGE ON SCHEMA presentation TO x_weak",
                "GRANT SELECT ON ALL TABLES IN SCHEMA presentation TO x_weak")  # fmt: skip

    with pytest.raises(Terminal, match="permission missing"):
        release(weak, second)

    assert (served(empty), releases.serving(empty).release) == (before, 1)
    weak.dispose()


def test_gold_whose_rows_share_a_key_is_refused_by_name_without_a_value(empty: Engine, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "doubled"))
    doubled = Made(lake, SECOND, gold.write(lake, "user", pa.concat_tables([ROWS, ROWS])))

    with pytest.raises(Terminal, match=r"presentation\.user user_key") as told:
        release(empty, doubled)

    assert "north" not in str(told.value)
    assert (served(empty), releases.serving(empty).release) == ([], 0)


def test_a_trigger_that_changes_a_value_stops_the_release_and_the_old_one_is_served(
    empty: Engine, second: Made
) -> None:
    release(empty, second)
    before = served(empty)
    sql(empty, "CREATE FUNCTION less() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.\"order\" = 0; RETURN NEW; END'",
        'CREATE TRIGGER less BEFORE INSERT ON presentation."user" FOR EACH ROW EXECUTE FUNCTION less()')  # fmt: skip

    with pytest.raises(Terminal, match="change the values, so that it would not equal gold"):
        release(empty, second)

    assert (served(empty), releases.serving(empty).release) == (before, 1)
