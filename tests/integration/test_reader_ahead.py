"""A reader's process that was started before anything was to be read: used once, ended, and no loss where it died."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import arrival
from lakehouse.contracts import Transient
from lakehouse.settings import Settings, SparkSettings
from lakehouse.source import reader
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL


@pytest.fixture
def three(source_server: MariaDb, tmp_path: Path) -> Iterator[Lab]:
    with lab(source_server, str(tmp_path / "lake"), STAMPED, STAMPED_DDL) as world:
        world.sql("INSERT INTO thing (id, value) VALUES (1, 1), (2, 2), (3, 3)")
        yield world


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if reader.CHILD in " ".join(one.cmdline())]


def read(world: Lab, folder: Path) -> int:
    return reader.stage(world.settings.source, STAMPED, "TRUE", str(folder)).rows


def test_the_first_read_takes_the_process_that_is_up_and_each_later_one_its_own(three: Lab, tmp_path: Path) -> None:
    with arrival.ahead(three.settings):
        (up,) = children()
        assert read(three, tmp_path / "first") == 3
        assert up.wait(10) is not None, "it has done its one job"
        assert children() == []
        assert read(three, tmp_path / "second") == 3


def test_a_process_that_nobody_needed_ends_with_the_block() -> None:
    with arrival.ahead(Settings()):
        (up,) = children()

    assert not up.is_running()


def test_a_process_that_died_while_it_waited_is_a_retry_and_then_all_is_there(three: Lab, tmp_path: Path) -> None:
    with arrival.ahead(three.settings):
        (up,) = children()
        up.kill()
        with pytest.raises(Transient, match="safe to run again"):
            read(three, tmp_path / "first")
        assert read(three, tmp_path / "second") == 3


def test_executors_need_no_process_of_the_worker() -> None:
    with arrival.ahead(Settings(spark=SparkSettings(reader="jdbc"))):
        assert children() == []


def test_without_it_no_process_is_up_before_a_read(three: Lab, tmp_path: Path) -> None:
    assert children() == []
    assert read(three, tmp_path / "first") == 3
