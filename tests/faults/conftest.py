"""A world per test, with its first day in the source."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse.contracts import Table
from tests.faults.worlds import FIRST, SECOND, content, ended, launch
from tests.support import shop
from tests.support.lab import Lab, lab
from tests.support.shop import Shop
from tests.support.things import STAMPED, STAMPED_DDL

NUMBERS = itertools.count()


@pytest.fixture
def new_world(source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    """Makes worlds that do not know each other but for the warehouse."""
    opened: list[Shop] = []

    def make() -> Shop:
        number = next(NUMBERS)
        world = shop.open_shop(source_server, warehouse_server, str(tmp_path / f"lake{number}"), f"fault{number}")
        world.sql(*FIRST)
        opened.append(world)
        return world

    yield make
    for world in opened:
        world.engine.dispose()


@pytest.fixture(scope="session")
def calm(
    source_server: MariaDb, warehouse_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """What two days leave in the lake and the warehouse where nothing goes wrong."""
    folder = tmp_path_factory.mktemp("calm")
    world = shop.open_shop(source_server, warehouse_server, str(folder / "lake"), "calm")
    for day in (FIRST, SECOND):
        world.sql(*day)
        code, output = ended(launch(world))
        assert code == 0, output
    found = content(world)
    world.engine.dispose()
    return found


@pytest.fixture
def opened(source_server: MariaDb, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Opens a lab of one table: the plainest with a cursor where nothing else is asked for."""
    with ExitStack() as stack:

        def make(table: Table = STAMPED, ddl: str = STAMPED_DDL, **settings: object) -> Lab:
            return stack.enter_context(lab(source_server, str(tmp_path / "lake"), table, ddl, **settings))

        yield make
