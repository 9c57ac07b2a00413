"""Personal data: what leaves the source, what stands in its place, and that an erased person does not come back."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse.erasure import Receipt
from tests.support import people
from tests.support.people import ANN, KEY, MAIL, NOTE, People


@dataclass(frozen=True)
class Story:
    """Ann was loaded, and erased; then there was a run."""

    world: People
    before: tuple
    lake_before: str
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
        before, lake_before = world.totals(), world.everything_in_the_lake()
        yield Story(world, before, lake_before, world.erase(), sql)


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


def test_no_file_of_the_lake_holds_the_person_and_totals_have_not_moved(story: Story) -> None:
    for canary in (str(ANN), MAIL, NOTE):
        assert canary in story.lake_before, "the test can see it"
        assert canary not in story.world.everything_in_the_lake()
    assert story.world.totals() == story.before
    assert ANN not in story.world.users()


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
    again = world.erase()
    assert again.lines == () and again.release == story.receipt.release
    assert world.run() == {}
