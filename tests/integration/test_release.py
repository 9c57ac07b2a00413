"""A release: of each mart the periods that changed, all marts or none, and what analysts read is whole at any time."""

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from demo.servers.postgres import Postgres
from lakehouse.checksum import Field, total
from lakehouse.contracts import Terminal
from lakehouse.lake import State
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.dialect import Horizon
from tests.support.gold import checksum
from tests.support.gold_lake import GoldLake, Row, mart, on

NAMES = ("nights", "guests")
MARTS = {name: mart(name) for name in NAMES}


@pytest.fixture
def engine(warehouse_server: Postgres) -> Iterator[Engine]:
    made = create_engine(warehouse_server.url("psycopg", "warehouse"))
    with made.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS presentation CASCADE")
    yield made
    made.dispose()


@pytest.fixture
def gold(tmp_path: Path) -> GoldLake:
    return GoldLake.of(tmp_path)


def release(engine: Engine, gold: GoldLake, run: str = "run", **states: State) -> list[releases.Part]:
    return releases.release(engine, gold.lake, states, run, MARTS)[1]


def served(engine: Engine, name: str) -> list[Row]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f'SELECT day, "order", note FROM presentation.{name}')
        return sorted(tuple(row) for row in rows)


def written(engine: Engine, name: str) -> dict[Row, str]:
    """Each row with the transaction that wrote it."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f'SELECT day, "order", note, xmin::text FROM presentation.{name}')
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def ten_days() -> list[Row]:
    return [(on(day), 1, "first") for day in range(10)]


def test_only_the_rows_of_changed_periods_are_written(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    before = written(engine, "nights")

    state = gold.write("nights", [(on(3), 2, None), (on(4), 7, "a'b|c\\")], [on(3), on(4)])
    parts = release(engine, gold, nights=state)

    after = written(engine, "nights")
    assert parts[0].periods == {on(3), on(4)}
    assert sorted(after) == gold.rows("nights")
    assert {row for row, writer in after.items() if before.get(row) == writer} == set(ten_days()) - {
        (on(3), 1, "first"), (on(4), 1, "first"),
    }  # fmt: skip


def test_rows_come_in_the_order_of_their_key_which_costs_its_index_least(engine: Engine, gold: GoldLake) -> None:
    rows = [(on(day), number, None) for number in (7, 2, 5) for day in (8, 1, 4)]

    release(engine, gold, nights=gold.write("nights", rows))

    with engine.connect() as connection:
        found = connection.exec_driver_sql('SELECT day, "order", note FROM presentation.nights ORDER BY ctid')
        assert [tuple(row) for row in found] == sorted(rows)


def test_periods_are_those_since_the_last_release_and_not_since_the_last_run(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    gold.write("nights", [(on(1), 5, None)], [on(1)])
    gold.write("nights", [], [on(2)])

    parts = release(engine, gold, nights=gold.write("nights", [(on(8), 9, "x")], [on(8)]))

    assert parts[0].periods == {on(1), on(2), on(8)}
    assert served(engine, "nights") == gold.rows("nights")


def test_a_mart_that_was_built_whole_since_is_replaced_whole(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    gold.write("nights", ten_days()[:5])

    parts = release(engine, gold, nights=gold.write("nights", [(on(0), 4, None)], [on(0)]))

    assert parts[0].periods is None
    assert served(engine, "nights") == gold.rows("nights")


def test_of_another_lake_all_is_replaced(engine: Engine, gold: GoldLake, tmp_path: Path) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    other = GoldLake.of(tmp_path / "other")
    other.write("nights", [(on(50), 1, None)], run="stranger")

    parts = release(engine, other, nights=other.write("nights", [(on(51), 1, None)], [on(51)], run="stranger"))

    assert parts[0].periods is None
    assert served(engine, "nights") == [(on(50), 1, None), (on(51), 1, None)]


def test_a_table_that_somebody_altered_is_made_whole_by_the_next_release_of_it(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM presentation.nights WHERE day <= '2024-01-04'"))

    parts = release(engine, gold, nights=gold.write("nights", [(on(3), 2, None)], [on(3)]))

    assert parts[0].periods is None
    assert served(engine, "nights") == gold.rows("nights")


def test_rows_lost_on_the_way_are_refused_and_the_old_release_is_served(
    engine: Engine, gold: GoldLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()), guests=gold.write("guests", ten_days()))
    old = releases.serving(engine)
    batches = releases.Rows.batches
    monkeypatch.setattr(releases.Rows, "batches", lambda rows: (batch.slice(1) for batch in batches(rows)))
    changes = [(on(3), 2, None), (on(3), 3, None)]

    with pytest.raises(Terminal, match=r"rows staged, .* in gold; not released"):
        release(
            engine, gold, "other",
            guests=gold.write("guests", changes, [on(3)]), nights=gold.write("nights", changes, [on(3)]),
        )  # fmt: skip

    assert releases.serving(engine) == old
    assert served(engine, "nights") == served(engine, "guests") == ten_days()


def test_a_mart_without_rows_is_served_empty_and_one_that_loses_all_becomes_so(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", []), guests=gold.write("guests", ten_days()))
    release(engine, gold, guests=gold.write("guests", [], [on(day) for day in range(10)]))

    assert served(engine, "nights") == served(engine, "guests") == []


def test_a_commit_that_gold_has_left_behind_is_not_released(engine: Engine, gold: GoldLake) -> None:
    old = gold.write("nights", ten_days(), run="slow")
    release(engine, gold, "fast", nights=gold.write("nights", ten_days()[:3], run="fast"))

    assert release(engine, gold, "slow", nights=old) == []
    assert releases.serving(engine).run_id == "fast"


def test_of_two_releases_at_once_one_waits_and_both_are_whole(engine: Engine, gold: GoldLake) -> None:
    first = gold.write("nights", ten_days())
    release(engine, gold, nights=first)
    states = {"nights": gold.write("nights", [(on(2), 8, None)], [on(2)]), "guests": gold.write("guests", ten_days())}
    runs = [threading.Thread(target=release, args=(engine, gold, n), kwargs={n: states[n]}) for n in NAMES]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)

    assert releases.serving(engine).release == 3
    assert served(engine, "nights") == gold.rows("nights")
    assert served(engine, "guests") == gold.rows("guests")


def test_how_fresh_each_mart_is_stands_beside_it_and_never_goes_back(engine: Engine, gold: GoldLake) -> None:
    state = gold.write("nights", ten_days())
    at = int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()) * 10**6
    releases.release(engine, gold.lake, {"nights": state}, "one", MARTS, [Horizon("nights", "bookings", at)])
    releases.note(engine, [Horizon("nights", "bookings", at + 10**6), Horizon("nights", "rates", at)], "two")
    releases.note(engine, [Horizon("nights", "bookings", at - 10**6)], "late")

    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT * FROM presentation.freshness ORDER BY source").fetchall()
    assert [tuple(row) for row in found] == [
        ("nights", "bookings", datetime(2026, 1, 2, 0, 0, 1, tzinfo=UTC), "two"),
        ("nights", "rates", datetime(2026, 1, 2, tzinfo=UTC), "two"),
    ]


SEEN = (
    'SELECT min("order"), max("order"), count(*) '
    "FROM (SELECT * FROM presentation.nights UNION ALL SELECT * FROM presentation.guests) x"
)


def watched(engine: Engine, releases_made: Iterable[object]) -> set[tuple]:
    """What readers who ask all the time see of both marts while these releases are made, one after the other."""
    seen, done = set[tuple](), threading.Event()

    def read() -> None:
        with engine.connect() as connection:
            while not done.is_set():
                seen.add(tuple(connection.exec_driver_sql(SEEN).one()))
                connection.rollback()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for _ in releases_made:
            pass
    finally:
        done.set()
        for reader in readers:
            reader.join(30)
    return seen


def versions(gold: GoldLake, numbers: Sequence[int]) -> Iterator[dict[str, State]]:
    """Both marts say one number, then the next, in all or in some of their days."""
    for number in numbers:
        rows = [(on(day), number, None) for day in range(4)]
        yield {name: gold.write(name, rows, [on(day) for day in range(4)]) for name in NAMES}


@pytest.mark.parametrize("releases", [60, pytest.param(400, marks=[pytest.mark.long, pytest.mark.timeout(3000)])])
def test_a_reader_of_all_marts_sees_one_release_at_any_time(engine: Engine, gold: GoldLake, releases: int) -> None:
    release(engine, gold, **next(versions(gold, [0])))

    seen = watched(engine, (release(engine, gold, **states) for states in versions(gold, range(1, releases))))

    assert {(low == high, count) for low, high, count in seen} == {(True, 8)}
    assert len(seen) > releases / 4


def test_released_one_by_one_the_reader_sees_marts_of_two_days(engine: Engine, gold: GoldLake) -> None:
    """The negative control."""
    release(engine, gold, **next(versions(gold, [0])))
    singly = itertools.chain.from_iterable(
        [{n: s} for n, s in states.items()] for states in versions(gold, range(1, 40))
    )

    seen = watched(engine, (release(engine, gold, **states) for states in singly))

    assert any(low != high for low, high, _ in seen)


def test_a_missing_boolean_is_not_taken_for_false(engine: Engine) -> None:
    number = total([Field("flag", "bool")], "postgres")
    with engine.connect() as connection:
        found = [
            int(connection.exec_driver_sql(f"SELECT {number} FROM (SELECT {value}::boolean AS flag) t").scalar_one())
            for value in ("true", "false", "NULL")
        ]
    assert found == [checksum([{"flag": value}]).sum for value in (True, False, None)]
    assert len(set(found)) == 3
