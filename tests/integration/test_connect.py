"""The promises that hang on Spark, kept over Spark Connect: a server started from the wheel, by somebody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import session
from lakehouse.settings import SparkSettings
from tests.support import cluster
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSettings]:
    """A server, and no other Spark for this process as long as it is there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
        with cluster.connect(tmp_path_factory.mktemp("server"), session.STATIC | session.OWN) as url:
            yield SparkSettings(master=url, reader="jdbc")
            opened = session.running()
            if opened is not None:
                opened.stop()


@pytest.fixture
def world(source_server: MariaDb, server: SparkSettings, tmp_path: Path) -> Iterator[Lab]:
    with lab(source_server, str(tmp_path / "lake"), STAMPED, STAMPED_DDL, chunk_rows=1000, spark=server) as opened:
        opened.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_1500")
        yield opened


def test_a_load_and_a_repair_hold_the_source(world: Lab) -> None:
    world.run()
    assert world.holds_the_source()
    world.sql("UPDATE thing SET value = -1 WHERE id < 10", "DELETE FROM thing WHERE id = 11")
    world.run("reconcile")
    assert world.holds_the_source()
