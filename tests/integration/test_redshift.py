"""A release to Redshift: its statements, and what they do where PostgreSQL carries them out without enforced keys."""

import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from demo.servers import s3
from demo.servers.postgres import Postgres
from demo.servers.s3 import S3Server
from deployments.aws import verify_redshift
from lakehouse.contracts import MartColumn, Terminal, Transient
from lakehouse.lake import Lake, State
from lakehouse.warehouse import ddl_redshift, evolution_redshift, redshift
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.dialect import Horizon
from tests.integration import test_release
from tests.integration.test_release import MARTS, NAMES, ten_days, versions, watched
from tests.support.gold_lake import GoldLake, Row, on
from tests.support.redshift import Cluster, cluster, parsed
from tests.support.warehouse import rows

NUMBERS = itertools.count()
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ 'temp' ORDER BY 1"
SNAPSHOTS = Path(__file__).parents[1] / "unit" / "snapshots"


@pytest.fixture
def gold(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> GoldLake:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return GoldLake(Lake(f"s3://{s3_server.bucket}/redshift{next(NUMBERS)}"))


@pytest.fixture
def warehouse(warehouse_server: Postgres, s3_server: S3Server) -> Iterator[Cluster]:
    with cluster(warehouse_server, s3_server, f"redshift{next(NUMBERS)}") as made:
        yield made


def release(warehouse: Cluster, gold: GoldLake, run: str = "run", **states: State) -> list[releases.Part]:
    return test_release.release(warehouse.engine, gold, run, **states)


def served(warehouse: Cluster, name: str) -> list[Row]:
    return test_release.served(warehouse.direct, name)


def two_at_once(warehouse: Cluster, gold: GoldLake) -> list[int]:
    """The numbers of the releases after both marts were released, and then each by a run of its own."""
    release(warehouse, gold, nights=gold.write("nights", ten_days()), guests=gold.write("guests", ten_days()))
    states = {name: gold.write(name, [(on(2), 8, None)], [on(2)]) for name in NAMES}
    runs = [threading.Thread(target=release, args=(warehouse, gold, n), kwargs={n: states[n]}) for n in NAMES]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    return [number for (number,) in rows(warehouse.direct, "SELECT release FROM presentation.load_log ORDER BY 1")]


def odd() -> list[Row]:
    return [*ten_days(), (on(3), 2, None), (on(3), 3, ""), (on(3), 4, "ü|'\\%s:x"), (on(4), 5, "💶" * 10)]


def test_only_changed_periods_are_replaced_and_analysts_read_the_views(warehouse: Cluster, gold: GoldLake) -> None:
    release(warehouse, gold, nights=gold.write("nights", odd()), guests=gold.write("guests", ten_days()))
    parts = release(warehouse, gold, nights=gold.write("nights", [(on(4), 7, "new")], [on(4)]))

    assert parts[0].periods == {on(4)}
    assert served(warehouse, "nights") == gold.rows("nights")
    assert served(warehouse, "guests") == ten_days()
    assert releases.serving(warehouse.engine).release == 2


def test_nothing_is_left_of_what_was_copied_from(warehouse: Cluster, gold: GoldLake, s3_server: S3Server) -> None:
    release(warehouse, gold, nights=gold.write("nights", odd()))
    prefix = f"{gold.lake.root.removeprefix('s3://lake/')}/_load/"
    assert s3.client(s3_server).list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", []) == []
    assert any(prefix in statement for statement in warehouse.said)


def test_a_row_that_came_twice_is_noticed_though_no_key_is_enforced(
    warehouse: Cluster, gold: GoldLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(warehouse, gold, nights=gold.write("nights", ten_days()))
    batches = releases.Rows.batches
    monkeypatch.setattr(releases.Rows, "batches", lambda rows: itertools.chain(batches(rows), batches(rows)))

    with pytest.raises(Terminal, match="20 rows staged, 10 in gold"):
        release(warehouse, gold, "twice", nights=gold.write("nights", [(on(3), 2, None)], [on(3)]))

    assert served(warehouse, "nights") == ten_days()
    assert releases.serving(warehouse.engine).release == 1


def test_a_table_that_somebody_altered_is_made_whole(warehouse: Cluster, gold: GoldLake) -> None:
    release(warehouse, gold, nights=gold.write("nights", ten_days()))
    with warehouse.direct.begin() as connection:
        connection.execute(text("INSERT INTO presentation_data.nights SELECT * FROM presentation_data.nights"))

    parts = release(warehouse, gold, nights=gold.write("nights", [(on(3), 2, None)], [on(3)]))

    assert parts[0].periods is None
    assert served(warehouse, "nights") == gold.rows("nights")


def test_of_two_releases_at_once_both_are_made_one_after_the_other(warehouse: Cluster, gold: GoldLake) -> None:
    assert two_at_once(warehouse, gold) == [1, 2, 3]
    assert [served(warehouse, name) for name in NAMES] == [gold.rows(name) for name in NAMES]


def test_without_the_lock_two_releases_take_one_number(
    warehouse: Cluster, gold: GoldLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: both read the log before either writes it, and no key refuses the second."""
    both, log = threading.Barrier(2, timeout=30), releases._log
    monkeypatch.setattr(redshift.Redshift, "take_turn", lambda *_: None)

    def together(*given: Any) -> None:
        if given[2].release > 1:
            both.wait()
        log(*given)

    monkeypatch.setattr(releases, "_log", together)

    assert two_at_once(warehouse, gold) == [1, 2, 2]


def test_a_log_that_is_locked_is_waited_for_not_for_ever_and_its_holder_is_named(
    warehouse: Cluster, gold: GoldLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(warehouse, gold, nights=gold.write("nights", ten_days()))
    monkeypatch.setattr(redshift, "LOCK_MILLISECONDS", 500)
    state = gold.write("nights", [(on(3), 2, None)], [on(3)])
    with warehouse.direct.connect() as holder:
        pid = holder.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        holder.exec_driver_sql("LOCK TABLE presentation_data.load_log IN SHARE MODE")
        with pytest.raises(Transient, match=rf"locked and was waited for in vain: .*pid {pid} of user lakehouse"):
            release(warehouse, gold, nights=state)
        assert served(warehouse, "nights") == ten_days()
    release(warehouse, gold, nights=state)
    assert served(warehouse, "nights") == gold.rows("nights")


def test_a_serialization_error_is_worth_another_try(warehouse: Cluster, gold: GoldLake) -> None:
    release(warehouse, gold, nights=gold.write("nights", ten_days()))
    with warehouse.direct.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION torn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'1023 DETAIL: Serializable isolation violation on table' USING ERRCODE = 'XX000'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER torn BEFORE DELETE ON presentation_data.nights EXECUTE FUNCTION torn()"
        )
    state = gold.write("nights", [(on(3), 2, None)], [on(3)])

    with pytest.raises(Transient, match="another session changed the same tables at the same time"):
        release(warehouse, gold, nights=state)

    assert served(warehouse, "nights") == ten_days()


def test_a_reader_of_the_views_sees_one_release_at_any_time(warehouse: Cluster, gold: GoldLake) -> None:
    release(warehouse, gold, **next(versions(gold, [0])))
    made = (release(warehouse, gold, **states) for states in versions(gold, range(1, 12)))

    seen = watched(warehouse.direct, made)

    assert {(low == high, count) for low, high, count in seen} == {(True, 8)}
    assert len(seen) > 3


def test_how_fresh_marts_are_never_goes_back(warehouse: Cluster, gold: GoldLake) -> None:
    at = 1_767_312_000 * 10**6
    state = gold.write("nights", ten_days())
    releases.release(warehouse.engine, gold.lake, {"nights": state}, "one", MARTS, [Horizon("nights", "bookings", at)])
    releases.note(warehouse.engine, [Horizon("nights", "bookings", at + 10**6), Horizon("nights", "rates", at)], "two")
    releases.note(warehouse.engine, [Horizon("nights", "bookings", at - 10**6)], "late")

    with warehouse.direct.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT source, extract(epoch FROM source_horizon)::bigint - 1767312000, run_id FROM presentation.freshness"
        )
        assert sorted(tuple(row) for row in found) == [("bookings", 1, "two"), ("rates", 0, "two")]


def test_tables_views_and_texts_grow_in_place_and_what_would_lose_is_refused(
    warehouse: Cluster, gold: GoldLake
) -> None:
    release(warehouse, gold, nights=gold.write("nights", ten_days()))
    relation = releases._relation(gold.lake, MARTS["nights"], gold.lake.state("gold", "nights"))
    assert evolution_redshift.plan(warehouse.engine, [relation], with_rights=False).empty

    more = replace(MARTS["nights"], columns=(*MARTS["nights"].columns, MartColumn("city", "VARCHAR(10)", "A city")))
    wider = replace(more, columns=(*more.columns[:-1], MartColumn("city", "VARCHAR(20)", "A city")))
    for mart, told in ((more, ["add column", "view"]), (wider, ["widen"])):
        relation = releases.of_mart(mart)
        done = evolution_redshift.apply(warehouse.engine, [relation], with_rights=False)
        assert [change.what for change in done.changes] == told
        assert evolution_redshift.plan(warehouse.engine, [relation], with_rights=False).empty
    with warehouse.direct.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(city), count(*) FROM presentation.nights").one() == (0, 10)

    lossy = replace(more, columns=(*more.columns[:-1], MartColumn("city", "BIGINT", "A city")))
    with pytest.raises(Terminal, match=r"presentation.nights.city: it is character varying\(80\) and declared BIGINT"):
        evolution_redshift.apply(warehouse.engine, [releases.of_mart(lossy)], with_rights=False)
    with pytest.raises(Terminal, match=r"city: it is not declared any more, and dropping it would lose its values"):
        evolution_redshift.apply(warehouse.engine, [releases.of_mart(MARTS["nights"])], with_rights=False)


def test_roles_and_their_rights_are_made_once(warehouse: Cluster) -> None:
    relation = releases.of_mart(MARTS["nights"])
    try:
        first = evolution_redshift.apply(warehouse.engine, [relation])
        assert {change.where for change in first.changes if change.what == "role"} == {"loader", "analyst"}
        assert evolution_redshift.plan(warehouse.engine, [relation]).empty
        with warehouse.direct.connect() as connection:
            reads = "SELECT has_table_privilege('analyst', '{}', 'SELECT')"
            assert connection.exec_driver_sql(reads.format("presentation.nights")).scalar_one()
            assert not connection.exec_driver_sql(reads.format("presentation_data.nights")).scalar_one()
    finally:
        with warehouse.direct.begin() as connection:
            for role in ("loader", "analyst"):
                connection.exec_driver_sql(f"DROP OWNED BY {role} CASCADE")
                connection.exec_driver_sql(f"DROP ROLE {role}")


def test_a_lake_in_a_folder_cannot_be_copied_from(warehouse: Cluster, tmp_path: object) -> None:
    gold = GoldLake.of(tmp_path)  # type: ignore[arg-type]
    with pytest.raises(Terminal, match="Redshift loads from S3 only, and the lake is /"):
        release(warehouse, gold, nights=gold.write("nights", ten_days()))


def test_a_name_that_the_driver_would_misread_is_refused() -> None:
    relation = releases.of_mart(
        replace(MARTS["nights"], columns=(*MARTS["nights"].columns, MartColumn("a%s", "BIGINT", "")))
    )
    assert "a sign that the driver would take for a place of a value" in next(iter(ddl_redshift.limits(relation)))


def test_every_statement_of_a_release_is_redshifts_and_as_it_was_looked_at(warehouse: Cluster, gold: GoldLake) -> None:
    releases.release(
        warehouse.engine, gold.lake, {"nights": gold.write("nights", odd())}, "one", MARTS,
        [Horizon("nights", "bookings", 0)],
    )  # fmt: skip
    release(warehouse, gold, "two", nights=gold.write("nights", [(on(4), 7, "new")], [on(4)]))

    said = [re.sub(r"s3://\S+/_load/\w+/", "s3://bucket/lake/_load/release/", s.strip()) for s in warehouse.said]
    found = list(dict.fromkeys(said))
    text = "".join(f"{statement};\n\n" for statement in found)
    assert text == (SNAPSHOTS / "redshift_release.sql").read_text("utf-8")
    unread = {s.split()[0] for s in found if parsed(s) == "Command"}
    assert unread <= {"LOCK"}, "what sqlglot takes as it is"


def test_what_is_to_be_proved_on_a_real_cluster_holds_here_too(warehouse: Cluster, gold: GoldLake) -> None:
    with warehouse.direct.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE public.seen AS SELECT 1 AS x")
    before = rows(warehouse.direct, SCHEMAS)

    found = verify_redshift.verify(warehouse.engine, gold.lake)

    assert [finding.problem for finding in found] == [""] * 6
    assert rows(warehouse.direct, SCHEMAS) == before
    assert rows(warehouse.direct, "SELECT x FROM public.seen") == [(1,)]


def test_the_proof_touches_no_schema_that_has_its_name(warehouse: Cluster, gold: GoldLake) -> None:
    with warehouse.direct.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA lakehouse_verify")
        connection.exec_driver_sql("CREATE TABLE lakehouse_verify.kept AS SELECT 1 AS x")

    with pytest.raises(Terminal, match="schema lakehouse_verify is there already; it is not touched"):
        verify_redshift.verify(warehouse.engine, gold.lake)

    assert rows(warehouse.direct, "SELECT x FROM lakehouse_verify.kept") == [(1,)]


def test_the_proof_notices_where_a_cluster_is_otherwise(warehouse: Cluster, gold: GoldLake) -> None:
    """The negative control."""
    with warehouse.direct.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION strtol(text, int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT 1::bigint'"
        )
        connection.exec_driver_sql("DROP VIEW svv_roles")

    found = verify_redshift.verify(warehouse.engine, gold.lake)

    assert [bool(finding.problem) for finding in found] == [True, False, False, False, False, True]
