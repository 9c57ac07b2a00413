"""A world per test, with its first day in the source."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse.contracts import Table
from tests.faults.release_site import Site
from tests.faults.worlds import DAYS, FIRST, completed, content
from tests.support import shop
from tests.support.lab import Lab, lab
from tests.support.proxy import proxied
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
def calms(
    source_server: MariaDb, warehouse_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, list[str]]]:
    """Tells what two days leave in the lake and the warehouse where nothing goes wrong, by mode."""

    @cache
    def two_days(mode: str) -> dict[str, list[str]]:
        folder, days = tmp_path_factory.mktemp("calm"), DAYS[mode]
        world = shop.open_shop(source_server, warehouse_server, str(folder / "lake"), f"calm_{mode}")
        for changes, told in ((FIRST, days.morning), (days.second, days.evening)):
            world.sql(*changes)
            completed(world, **told)
        found = content(world)
        world.engine.dispose()
        return found

    return two_days


@pytest.fixture(scope="session")
def calm(calms: Callable[[str], dict[str, list[str]]]) -> dict[str, list[str]]:
    """What two days leave where nothing goes wrong and each run reconciles."""
    return calms("reconcile")


@pytest.fixture
def opened(source_server: MariaDb, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Opens a lab of one table: the plainest with a cursor where nothing else is asked for."""
    with ExitStack() as stack:

        def make(table: Table = STAMPED, ddl: str = STAMPED_DDL, **settings: object) -> Lab:
            return stack.enter_context(lab(source_server, str(tmp_path / "lake"), table, ddl, **settings))

        yield make


@pytest.fixture
def site(warehouse_server: Postgres, tmp_path: Path) -> Iterator[Site]:
    with proxied(warehouse_server.port) as proxy:
        made = Site(warehouse_server, proxy, tmp_path)
        yield made
        made.engine.dispose()
        made.direct.dispose()
