"""Personal data: what leaves the source, what stands in its place, and that an erased person does not come back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import curation, delta, erasure, erasure_log, mirrors, pipeline, session, silver, suppression
from lakehouse.contracts import Terminal, Transient
from lakehouse.erasure import Receipt
from lakehouse.pseudonyms import Pseudonyms
from lakehouse.warehouse import mirror
from tests.support import people
from tests.support.people import ANN, CATALOG, KEY, MAIL, NOTE, ORDERS, VISITS, People


@dataclass(frozen=True)
class Story:
    """Ann was loaded, and erased; then there was a run."""

    world: People
    before: tuple
    lake_before: str
    mirrored_before: dict[str, str]
    receipt: Receipt
    sql: list[str]


@pytest.fixture(scope="module")
def story(
    source_server: MariaDb, warehouse_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    with people.open_people(source_server, warehouse_server, tmp_path_factory.mktemp("people") / "lake") as world:
        world.shop.sql("TRUNCATE mysql.general_log", "SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = ON")
        world.run()
        world.shop.sql("SET GLOBAL general_log = OFF")
        sql = [str(row[0]) for row in world.shop.rows("SELECT argument FROM mysql.general_log")]
        before, lake_before, mirrored_before = world.totals(), world.everything_in_the_lake(), world.mirrored()
        yield Story(world, before, lake_before, mirrored_before, world.erase(), sql)


def test_what_is_withheld_or_not_declared_never_leaves_the_source(story: Story) -> None:
    selects = [sql for sql in story.sql if "SELECT" in sql and "INSERT" not in sql]

    assert any("`orders`" in sql and "`mail`" in sql for sql in selects), "the log has what was read"
    assert not [sql for sql in selects if "passport" in sql or "shoe_size" in sql]


def test_the_receipt_counts_the_rows_of_every_layer_and_does_not_tell_the_id(story: Story) -> None:
    assert {(line.layer, line.name): line.rows for line in story.receipt.lines} == {
        ("bronze", "orders"): 3, ("silver", "orders"): 2, ("history", "orders"): 2, ("quarantine", "orders"): 1,
        ("bronze", "visits"): 2, ("silver", "visits"): 2, ("quarantine", "visits"): 0,
        ("gold", "spend"): 1, ("gold", "totals"): 0,
    }  # fmt: skip
    assert story.receipt.release == 2 and story.receipt.unclaimed == 0
    assert str(ANN) not in repr(story.receipt)


def test_the_ledger_keeps_a_line_of_the_erasure_by_the_keyed_hash_alone(story: Story) -> None:
    (line,) = erasure_log.records(story.world.lake)

    assert line.rows == {"bronze": 5, "quarantine": 1, "history": 2, "silver": 4, "gold": 1}
    assert (line.person, line.run_id, line.release) == (story.receipt.person, story.receipt.run_id, 2)
    assert Pseudonyms(SecretStr(KEY)).mark("person", ANN).startswith(line.person)


def test_no_file_of_the_lake_holds_the_person_and_totals_have_not_moved(story: Story) -> None:
    for canary in (str(ANN), MAIL, NOTE):
        assert canary in story.lake_before, "the test can see it"
        assert canary not in story.world.everything_in_the_lake()
    assert story.world.totals() == story.before
    assert ANN not in story.world.users()


def test_no_mirror_in_the_warehouse_holds_the_person(story: Story) -> None:
    for canary in (str(ANN), MAIL, NOTE):
        assert canary in "".join(story.mirrored_before.values()), "the test can see it"
        assert [name for name, rows in story.world.mirrored().items() if canary in rows] == []
    shop = story.world.shop
    assert [c.mart for c in mirrors.compare(shop.settings, shop.engine, CATALOG) if not c.equal] == []


def test_no_mirror_shows_what_is_to_be_hashed_but_the_raw_one(story: Story) -> None:
    assert {name for name, rows in story.mirrored_before.items() if MAIL in rows} == {"raw_data.orders"}


def test_the_key_is_in_no_file_and_no_log_and_the_id_in_no_log(story: Story) -> None:
    logged = "\n".join(story.world.logged)

    assert KEY not in story.lake_before + story.world.everything_in_the_lake() + logged
    assert str(ANN) not in logged


def test_a_reconcile_and_a_new_order_do_not_bring_the_person_back(story: Story) -> None:
    world = story.world
    world.shop.sql(f"INSERT INTO orders (id, user_id, mail, price) VALUES (7, {ANN}, '{MAIL}', 99)",
                   f"INSERT INTO visits VALUES ({ANN}, 3, 'again')")  # fmt: skip

    records = world.run("reconcile")

    assert {name: (r.balanced, r.new, r.deleted, r.suppressed) for name, r in records.items()} == {
        "orders": (True, 0, 0, 4), "visits": (True, 0, 0, 3),
    }  # fmt: skip
    assert world.totals() == story.before
    assert str(ANN) not in world.everything_in_the_lake()
    at = world.lake.state("bronze", "orders")
    assert world.erase().lines == ()
    assert world.lake.state("bronze", "orders") == at, "erased twice is erased once"
    assert world.run() == {}


@pytest.mark.long
def test_a_full_load_does_not_bring_the_person_back_and_balances(story: Story) -> None:
    records = story.world.run("full")

    assert all(record.balanced and record.deleted == 0 and record.suppressed for record in records.values())
    assert story.world.totals() == story.before
    assert str(ANN) not in story.world.everything_in_the_lake()


@pytest.mark.long
def test_without_the_list_the_person_would_come_back(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "erased", lambda lake, pseudonyms: ())

    story.world.run("reconcile")

    assert ANN in story.world.users()
    assert story.world.totals() != story.before


@pytest.fixture
def world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[People]:
    with people.open_people(source_server, warehouse_server, tmp_path / "lake") as opened:
        yield opened


def test_without_a_key_a_table_with_personal_columns_stops_before_anything_is_read(world: People) -> None:
    keyless = pipeline.start(world.under().shop.settings, CATALOG)

    for step in (pipeline.pending, pipeline.ingest):
        with pytest.raises(Terminal, match="table orders: mail is to be hashed: set LAKEHOUSE_PRIVACY__KEY"):
            step(keyless, "orders")

    assert world.lake.state("bronze", "orders") is None
    assert pipeline.pending(keyless, "visits"), "a table without such columns needs none"


@pytest.mark.long
def test_personal_values_are_hashed_from_silver_on_and_anew_when_key_or_setting_change(world: People) -> None:
    ours = Pseudonyms(SecretStr(KEY))
    mail = ORDERS.column("mail")

    assert all(record.balanced for record in world.run().values())
    before = world.totals()
    assert ours.value(MAIL, mail) in world.silver("orders", "mail")
    for layer in ("silver", "history", "quarantine"):
        held = world.lake.open(layer, "orders").to_pyarrow_dataset().to_table().column("mail").to_pylist()
        assert ours.value(MAIL, mail) in held and not [value for value in held if value and "@" in value]
    assert ANN in world.silver("orders", "user_id")

    hidden = world.under(key=SecretStr(KEY + "!"), hash_identifiers=True)
    assert all(record.balanced for record in hidden.run().values())

    others = Pseudonyms(SecretStr(KEY + "!"), identifiers=True)
    assert others.value(MAIL, mail) in hidden.silver("orders", "mail")
    assert ours.value(MAIL, mail) not in hidden.silver("orders", "mail")
    numbers = [others.value(n, VISITS.column("user_id")) for n in (ANN, ANN, 11, 2000000000)]
    assert sorted(hidden.silver("visits", "user_id")) == sorted(numbers), "hashed keys leave no old ones beside them"
    assert hidden.totals() == before
    assert hidden.run() == {}
    spec = pipeline.hiding(hidden.shop.settings).applied(CATALOG.tables["orders"])
    assert silver.retry(session.child(hidden.shop.settings), hidden.lake, spec, "again", 0) is None
    assert ANN not in hidden.lake.open("quarantine", "orders").to_pyarrow_dataset().to_table()["user_id"].to_pylist()
    receipt = hidden.erase()
    assert {line.rows for line in receipt.lines if line.layer == "silver"} == {2}
    assert hidden.totals() == before
    assert numbers[0] not in hidden.silver("visits", "user_id")


@pytest.mark.long
def test_no_plan_of_spark_shows_key_or_id(world: People) -> None:
    world.run()
    run = pipeline.start(world.shop.settings, CATALOG)
    state, spark = world.lake.state("bronze", "orders"), session.child(world.shop.settings)
    rows = delta.read(spark, world.lake, "bronze", state, "orders")
    entry = suppression.Erased(run.pseudonyms.mark("person", ANN), -5, done=False)

    plans = [
        curation.judged(rows, run.spec("orders")),
        erasure._disguised(rows, ORDERS, str(ANN), entry, run),
    ]
    for plan in plans:
        text = plan._jdf.queryExecution().toString()
        assert "EvalPython" in text
        assert not [word for word in (KEY, run.pseudonyms.mark("values"), str(ANN)) if word in text]


@pytest.mark.long
def test_an_erasure_that_broke_off_goes_on_where_it_stopped(world: People, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run()
    before, at = world.totals(), world.lake.state("bronze", "orders")
    elsewhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Transient, match="unreachable"):
        erasure.erase(world.shop.settings, CATALOG, elsewhere, str(ANN))
    assert world.lake.state("bronze", "orders") == at, "the warehouse answers before anything is changed"

    def lost(*_: object) -> int:
        raise Transient("the warehouse was lost")

    with monkeypatch.context() as patched, pytest.raises(Transient, match="lost"):
        patched.setattr(erasure, "_release", lost)
        world.erase()
    assert str(ANN) in world.everything_in_the_lake()

    with monkeypatch.context() as patched, pytest.raises(Terminal, match=r"raw_data.orders is not what the lake is"):
        patched.setattr(mirror, "refresh", lost)
        world.erase()
    assert str(ANN) in world.mirrored()["raw_data.orders"]

    receipt = world.erase()

    assert str(ANN) not in str(world.mirrored())
    assert {(line.layer, line.name): line.rows for line in receipt.lines}[("gold", "spend")] == 0
    assert str(ANN) not in world.everything_in_the_lake()
    assert world.totals() == before


@pytest.mark.long
def test_somebody_who_is_not_there_yet_is_kept_out_and_a_run_that_planned_before_loses(world: People) -> None:
    world.run()
    receipt = world.erase(4711)
    assert {line.rows for line in receipt.lines} == {0}
    world.shop.sql("INSERT INTO orders (id, user_id, price) VALUES (70, 4711, 1), (71, 11, 2), (72, 4712, 3)")
    planned = pipeline.start(world.shop.settings, CATALOG).extractor("orders")
    assert planned.aside.rows == 1
    late = replace(planned)
    late.__dict__["aside"] = suppression.Aside(planned.aside.erased)  # looked up before the order came
    with pytest.raises(Transient, match="rows of an erased person came while it was read"):
        late.window(session.child(world.shop.settings))

    world.erase(4712)

    with pytest.raises(delta.Superseded):
        planned.window(session.child(world.shop.settings))
    records = world.run()
    assert records["orders"].balanced and records["orders"].new == 1
    assert not {4711, 4712} & world.users()
