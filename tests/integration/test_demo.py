"""The demo waits for the pipeline's own horizon, on a real source."""

import threading
import time

import pytest

from demo import horizon
from demo.marketplace.admin import Admin, admin_of
from demo.servers.mariadb import MariaDb
from lakehouse.settings import SourceSettings

HOLD_SECONDS = 4.0


@pytest.fixture
def admin(source_server: MariaDb) -> Admin:
    return admin_of(source_server)


@pytest.fixture
def open_change(admin: Admin):
    """A transaction that has changed a row and stays open."""
    with admin.connect() as setup, setup.cursor() as cursor:
        cursor.execute("CREATE TABLE held (id INT PRIMARY KEY)")
        setup.commit()
    holder = admin.connect()
    with holder.cursor() as cursor:
        cursor.execute("INSERT INTO held VALUES (1)")
    yield holder
    if holder.open:
        holder.close()
    with admin.connect() as cleanup, cleanup.cursor() as cursor:
        cursor.execute("DROP TABLE held")


def test_the_demo_waits_out_the_grace_after_the_last_commit(source_server: MariaDb) -> None:
    assert SourceSettings().grace_seconds <= horizon.wait(source_server, 30) < 10


def test_an_open_transaction_holds_the_wait_until_it_commits(source_server: MariaDb, open_change) -> None:
    timer = threading.Timer(HOLD_SECONDS, open_change.commit)
    timer.start()

    began = time.monotonic()
    horizon.wait(source_server, 30)
    timer.join()

    assert time.monotonic() - began >= HOLD_SECONDS


def test_a_transaction_that_stays_open_is_named_at_the_deadline(source_server: MariaDb, open_change) -> None:
    with pytest.raises(horizon.HorizonStands, match=f"open transaction of thread {open_change.thread_id()}"):
        horizon.wait(source_server, 1)
