"""Mirrors: each layer of the lake in the warehouse's schema of its name, followed by key, whole or not at all."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable
from sqlalchemy import Connection, Engine, text

from demo.servers.postgres import Postgres
from lakehouse import mirrors
from lakehouse.checksum import Checksum
from lakehouse.contracts import Terminal, Transient
from lakehouse.lake import Lake, Layer
from lakehouse.purge import purge
from lakehouse.settings import Settings
from lakehouse.warehouse import evolution, mirror, mirror_reconcile, postgres
from lakehouse.warehouse.mirrored import places
from tests.support import warehouse
from tests.support.layers import CATALOG, Layers, place, wider

LAYERS: tuple[Layer, ...] = ("bronze", "silver", "history", "quarantine")


@pytest.fixture(scope="module")
def engine(warehouse_server: Postgres) -> Iterator[Engine]:
    with warehouse.warehouse(warehouse_server) as opened:
        yield opened


@pytest.fixture
def silver(engine: Engine, tmp_path: Path) -> Layers:
    warehouse.sql(engine, *(f"DROP SCHEMA IF EXISTS {s} CASCADE" for s in ("raw_data", "curated", "quarantine",
                                                                           "presentation")))  # fmt: skip
    return Layers(Lake(str(tmp_path / "lake")), engine, place())


@pytest.fixture
def filled(silver: Layers) -> Layers:
    """A hundred rows in two files, mirrored."""
    silver.put(*map(silver.row, range(50)))
    silver.append(*map(silver.row, range(50, 100)))
    silver.refresh()
    return silver


@pytest.mark.parametrize("layer", LAYERS)
def test_rows_that_come_change_and_go_arrive_in_the_schema_of_their_layer(silver: Layers, layer: Layer) -> None:
    table = Layers(silver.lake, silver.engine, place(layer))
    table.put(*map(table.row, range(5)))
    assert table.refresh() == mirror.Mirrored(5, whole=True)
    table.put(table.row(3, order="other"), table.row(7, tags=None))
    table.drop(0, 4)

    found = table.refresh()

    assert found == mirror.Mirrored(4, whole=False)
    assert table.mirrored() == table.in_lake()
    assert [int(row["id"]) for row in table.mirrored()] == [1, 2, 3, 7]


def test_values_of_every_type_arrive_as_they_are(silver: Layers) -> None:
    nothing = {c.name: None for c in silver.place.relation.columns if c.nullable}
    silver.put(
        silver.row(1, order="a|b'\"\\\n\t é🏠", price=Decimal("-0.000000001"), share=1e300, tags=['"', "\\", "", "é"]),
        silver.row(2, order="", tags=[], raw=b"", share=-0.0, open=False, price=Decimal("0")),
        silver.row(3, part="", tags=[None, "~"], share=float("nan"), small=-32768),
        silver.row(4, order="~", share=float("inf"), price=Decimal("123456789.123456789")),
        silver.row(5, **nothing),
    )  # fmt: skip

    assert silver.refresh() == mirror.Mirrored(5, whole=True), "counted and summed alike on both sides"
    assert str(silver.mirrored()) == str(silver.in_lake())


def test_only_rows_that_changed_are_written(filled: Layers) -> None:
    before = filled.writers()
    filled.put(filled.row(3, order="new"), filled.row(200))
    filled.drop(70)

    filled.refresh()

    after = filled.writers()
    assert {n for n, writer in after.items() if before.get(n) != writer} == {3, 200}
    assert before.keys() - after.keys() == {70}


def test_several_commits_that_were_not_mirrored_are_followed_in_one_step(filled: Layers) -> None:
    filled.put(filled.row(3, order="first"))
    filled.drop(3)
    filled.put(filled.row(3, order="last"), filled.row(500))
    filled.drop(500)

    assert filled.refresh() == mirror.Mirrored(100, whole=False)
    assert filled.mirrored() == filled.in_lake()


def test_a_mirror_that_is_up_to_date_is_left_alone(filled: Layers) -> None:
    before = filled.writers()

    assert filled.refresh() is None
    assert filled.writers() == before


def die(connection: Connection, *_: object) -> None:
    """The server ends our session: as if the run had been killed here."""
    connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_run_killed_half_way_has_done_nothing_and_the_next_one_all(
    filled: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.mirrored()
    filled.put(filled.row(3, order="new"), filled.row(200))
    filled.drop(70)
    for step in ("measure", "_log"):
        with monkeypatch.context() as patched, pytest.raises(Transient):
            patched.setattr(mirror, step, die)
            filled.refresh()
        filled.engine.dispose()
        assert filled.mirrored() == before

    assert filled.refresh() == mirror.Mirrored(100, whole=False)
    assert filled.mirrored() == filled.in_lake()
    assert filled.refresh() is None, "twice is once"


def test_with_its_position_in_a_transaction_of_its_own_a_kill_would_lose_rows(
    filled: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    filled.put(filled.row(200))
    log = mirror._log

    def apart(connection: Connection, *given: object) -> None:
        with filled.engine.begin() as other:
            log(other, *given)
        die(connection)

    with monkeypatch.context() as patched, pytest.raises(Transient):
        patched.setattr(mirror, "_log", apart)
        filled.refresh()
    filled.engine.dispose()

    assert filled.refresh() is None
    assert filled.mirrored() != filled.in_lake()


@pytest.mark.parametrize(
    "harm", ["DELETE FROM {} WHERE id = 40", "UPDATE {} SET price = 9 WHERE id = 40", "TRUNCATE {}"]
)
def test_a_mirror_that_somebody_altered_is_found_and_made_whole(filled: Layers, harm: str) -> None:
    warehouse.sql(filled.engine, harm.format(filled.table))
    filled.put(filled.row(3, order="new"))

    assert filled.refresh() == mirror.Mirrored(100, whole=True)
    assert filled.mirrored() == filled.in_lake()


def test_unless_it_is_measured_an_altered_mirror_would_stay_so(filled: Layers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    warehouse.sql(filled.engine, f"DELETE FROM {filled.table} WHERE id = 40")
    filled.put(filled.row(3, order="new"))
    (known,) = mirror.positions(filled.engine).values()
    (change,) = [mirror._change(filled.lake, filled.place, known, _files(filled), filled.state)]
    monkeypatch.setattr(mirror, "measure", lambda *_: known.checksum + change.checksum)

    filled.refresh()

    assert filled.mirrored() != filled.in_lake()


def _files(layers: Layers) -> mirror.Files:
    wanted = mirror.arrow_types.schema(layers.place.relation)
    return mirror.files.files(layers.lake, layers.place.layer, layers.place.name, layers.state, wanted)


def test_a_mirror_of_a_commit_that_was_rolled_back_is_replaced(filled: Layers) -> None:
    last = filled.put(filled.row(3, order="to be rolled back"), filled.row(200))
    filled.refresh()
    (Path(filled.path) / "_delta_log" / f"{last.version:020}.json").unlink()
    assert filled.refresh() == mirror.Mirrored(100, whole=True), "the lake is at an earlier commit"
    filled.put(filled.row(3, order="to be rolled back"), filled.row(200))
    filled.refresh()
    (Path(filled.path) / "_delta_log" / f"{last.version:020}.json").unlink()
    filled.run = "after"
    filled.put(filled.row(5, order="after"))

    assert filled.refresh() == mirror.Mirrored(100, whole=True)
    assert filled.mirrored() == filled.in_lake()


def test_a_table_that_was_restored_to_an_old_version_is_followed_by_its_rows(filled: Layers) -> None:
    old = filled.state
    filled.put(filled.row(3, order="to be taken back"), filled.row(200))
    filled.refresh()
    DeltaTable(filled.path).restore(old.version)
    filled.put(filled.row(5, order="after"))

    assert filled.refresh() == mirror.Mirrored(100, whole=False)
    assert filled.mirrored() == filled.in_lake()


def test_a_mirror_of_another_lake_is_replaced(filled: Layers, tmp_path: Path) -> None:
    other = Layers(Lake(str(tmp_path / "other")), filled.engine, filled.place, "stranger")
    other.put(other.row(1))
    other.put(other.row(2))

    assert other.refresh() == mirror.Mirrored(2, whole=True)
    assert other.mirrored() == other.in_lake()


def test_a_table_that_was_made_anew_is_followed_by_its_rows(filled: Layers) -> None:
    filled.build(filled.row(1), filled.row(99, order="of other rules"))

    assert filled.refresh() == mirror.Mirrored(2, whole=False)
    assert filled.mirrored() == filled.in_lake()


def test_what_was_purged_between_is_replaced(filled: Layers) -> None:
    filled.put(filled.row(3, order="new"))
    filled.put(filled.row(4, order="new"))
    purge(filled.lake, "silver", "things")

    assert filled.refresh() == mirror.Mirrored(100, whole=True)
    assert filled.mirrored() == filled.in_lake()


def test_old_files_that_are_gone_do_not_stop_the_mirror(filled: Layers) -> None:
    filled.put(filled.row(3, order="new"))
    gone = DeltaTable(filled.path).vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert gone

    assert filled.refresh() == mirror.Mirrored(100, whole=True)
    assert filled.mirrored() == filled.in_lake()


def test_a_reader_never_sees_it_empty_while_it_is_replaced(filled: Layers) -> None:
    seen = _seen(filled, harm=None)

    assert seen == {100}


def test_with_the_deletion_in_a_transaction_of_its_own_the_reader_would_see_it_empty(filled: Layers) -> None:
    """The negative control."""
    assert 0 in _seen(filled, harm=f"DELETE FROM {filled.table}")


def _seen(filled: Layers, harm: str | None) -> set[int]:
    """How many rows a reader sees who asks all the time while the mirror is replaced again and again."""
    seen, done = set[int](), threading.Event()

    def read() -> None:
        with filled.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not done.is_set():
                seen.add(connection.exec_driver_sql(f"SELECT count(*) FROM {filled.table}").scalar_one())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        warehouse.sql(filled.engine, "DELETE FROM presentation.mirrors", *([harm] if harm else []))
        assert filled.refresh() == mirror.Mirrored(100, whole=True)
    done.set()
    reader.join(30)
    return seen


def test_a_new_column_comes_in_place_and_the_analysts_view_and_grant_stay(filled: Layers) -> None:
    warehouse.sql(
        filled.engine, "CREATE ROLE x_ana", f'CREATE VIEW curated.theirs AS SELECT id, "order" FROM {filled.table}',
        "GRANT SELECT ON curated.theirs TO x_ana",
    )  # fmt: skip
    before = warehouse.rows(filled.engine, "SELECT 'curated.theirs'::regclass::oid, relacl::text FROM pg_class "
                                           "WHERE oid = 'curated.theirs'::regclass")  # fmt: skip
    wide = filled.under(wider())
    wide.build(*(wide.row(n, colour="red") for n in range(100)))

    assert wide.refresh() == mirror.Mirrored(100, whole=True)
    assert wide.mirrored()[0].keys() == {*wide.in_lake()[0]}
    assert {row["colour"] for row in wide.mirrored()} == {"red"}
    assert warehouse.rows(filled.engine, "SELECT 'curated.theirs'::regclass::oid, relacl::text FROM pg_class "
                                         "WHERE oid = 'curated.theirs'::regclass") == before  # fmt: skip
    assert len(warehouse.rows(filled.engine, "SELECT * FROM curated.theirs")) == 100
    warehouse.sql(filled.engine, "DROP VIEW curated.theirs")


def test_a_column_that_the_lake_has_not_yet_is_empty_and_then_follows(filled: Layers) -> None:
    wide = filled.under(wider())
    filled.put(filled.row(3, order="new"))
    assert wide.refresh() == mirror.Mirrored(100, whole=False)
    assert {row["colour"] for row in wide.mirrored()} == {None}
    wide.append(wide.row(300, colour="blue"))

    assert wide.refresh() == mirror.Mirrored(101, whole=True)
    assert {row["colour"] for row in wide.mirrored()} == {None, "blue"}


def test_a_table_that_changes_what_is_written_to_it_is_refused_and_stays_as_it_was(filled: Layers) -> None:
    before = filled.mirrored()
    warehouse.sql(
        filled.engine,
        "CREATE FUNCTION curated.lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.price := 0; RETURN NEW; END'",
        f"CREATE TRIGGER lose BEFORE INSERT ON {filled.table} FOR EACH ROW EXECUTE FUNCTION curated.lose()",
    )
    filled.put(filled.row(200))

    with pytest.raises(Terminal, match=r"curated.things: 101 rows, 101 in the lake, or their values differ"):
        filled.refresh()
    assert filled.mirrored() == before


def test_a_locked_mirror_is_waited_for_a_while_and_the_error_says_who_holds_it(
    filled: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT", "200ms")
    filled.put(filled.row(200))
    with filled.engine.begin() as holder:
        holder.exec_driver_sql(f"LOCK TABLE {filled.table} IN SHARE MODE")
        with pytest.raises(Transient, match=r"pid \d+ of user .* holds curated.things"):
            filled.refresh()

    assert filled.refresh() == mirror.Mirrored(101, whole=False)


def test_a_reader_with_an_open_transaction_is_not_waited_for(filled: Layers) -> None:
    filled.put(filled.row(200))
    with filled.engine.connect() as reader:
        assert reader.exec_driver_sql(f"SELECT count(*) FROM {filled.table}").scalar_one() == 100

        assert filled.refresh() == mirror.Mirrored(101, whole=False)


def test_one_that_fails_does_not_hold_back_the_others_and_is_tried_again(filled: Layers) -> None:
    warehouse.sql(filled.engine, "CREATE SCHEMA IF NOT EXISTS raw_data", "CREATE VIEW raw_data.things AS SELECT 1 AS a")
    bronze = Layers(filled.lake, filled.engine, place("bronze"))
    bronze.put(bronze.row(1))
    filled.put(filled.row(200))

    found = {m.name: m for m in mirrors._refreshed(filled.engine, filled.lake, behind(filled), "run")}

    assert (found["curated.things"].status, found["curated.things"].rows) == ("changed", 101)
    assert "something of" in found["raw_data.things"].error and not found["raw_data.things"].balanced
    assert [p.relation.where for p in behind(filled)] == ["raw_data.things"]
    warehouse.sql(filled.engine, "DROP VIEW raw_data.things")
    assert [m.error for m in mirrors._refreshed(filled.engine, filled.lake, behind(filled), "run")] == [""]
    assert behind(filled) == []


def behind(layers: Layers) -> list:
    return mirrors._behind(layers.engine, layers.lake, CATALOG)


def test_a_first_load_that_is_not_at_its_end_is_not_mirrored(filled: Layers) -> None:
    assert behind(filled) == [], "what is not in the lake is not asked for"


@pytest.mark.parametrize(
    ("lake", "mirrors", "expected"),
    [("lake", "auto", True), ("s3://bucket/lake", "auto", False), ("s3://bucket/lake", "all", True),
     ("lake", "none", False)],
)  # fmt: skip
def test_a_lake_in_a_folder_is_mirrored_and_one_on_s3_is_not_unless_the_setting_says_so(
    lake: str, mirrors: str, *, expected: bool
) -> None:
    assert Settings(lake=lake, mirrors=mirrors).mirrored is expected
    assert Settings().mirrored


def test_reconcile_names_the_keys_in_which_a_mirror_differs(filled: Layers) -> None:
    (equal,) = mirror_reconcile.compare(filled.engine, filled.lake, [filled.place])
    assert (equal.mart, equal.release, equal.equal) == ("curated.things", "served", True)
    warehouse.sql(
        filled.engine, f"DELETE FROM {filled.table} WHERE id = 40", f"UPDATE {filled.table} SET small = 1 WHERE id = 41"
    )

    (found,) = mirror_reconcile.compare(filled.engine, filled.lake, [filled.place])

    assert not found.equal
    assert (found.gold.rows, found.warehouse.rows) == (100, 99)
    assert (found.only_in_gold, found.only_in_warehouse) == (("40 a", "41 a"), ("41 a",))


def test_reconcile_tells_a_mirror_that_is_behind_and_one_that_is_missing(filled: Layers) -> None:
    filled.put(filled.row(200))
    quarantine = Layers(filled.lake, filled.engine, place("quarantine"))
    quarantine.put(quarantine.row(1))

    found = {c.mart: c for c in mirror_reconcile.compare(filled.engine, filled.lake, places(CATALOG))}

    assert (found["curated.things"].release, found["curated.things"].only_in_gold) == ("behind", ("200 a",))
    assert (found["quarantine.things"].release, found["quarantine.things"].warehouse) == ("missing", Checksum(0, 0))


def test_the_tables_of_mirrors_are_those_that_are_declared(filled: Layers) -> None:
    plan = evolution.plan(filled.engine, [mirror.MIRRORS, filled.place.relation], with_rights=False)

    assert plan.empty
