"""Each way to run carries the same two days of one source into the same tables."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from demo.marketplace.admin import admin_of
from demo.marketplace.evolve import evolve
from demo.marketplace.generate import NotEmptyError, generate
from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from demo.servers.stack import Stack
from deployments.glue import artifacts
from deployments.pools import LOCAL
from deployments.setup import setup
from lakehouse.settings import Settings
from tests.support import cloud, cluster, steps
from tests.support.ecs import opened, product_deployment, tell, worker
from tests.support.ways import Contents, Place

pytestmark = [pytest.mark.long, pytest.mark.timeout(6000)]
SCALE = 0.02
WAYS = ("local", "ad hoc", "scheduled", "ecs", "glue", "step functions", "cluster")
IN_A_PROCESS = {  # what a Glue job finds set up by its platform
    "LAKEHOUSE_SPARK__MASTER": "local[2]", "LAKEHOUSE_SPARK__DRIVER_MEMORY": "900m", "LAKEHOUSE_SOURCE__TLS": "off",
    "LAKEHOUSE_WAREHOUSE__TLS": "off",
}  # fmt: skip


@pytest.fixture(scope="module")
def days(
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: PrefectServer,
    source_server: MariaDb,
    warehouse_server: Postgres,
) -> Iterator[dict[str, list[Contents]]]:
    """Of each way, what its lake held after the first day and after the next."""
    folder = tmp_path_factory.mktemp("ways")
    with suppress(NotEmptyError):
        generate(admin_of(source_server), SCALE)
    stack = Stack(source_server, warehouse_server, prefect_server, folder / "lake")
    where = {"SourceHost": source_server.host, "SourcePort": str(source_server.port)}
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_URL: prefect_server.api}),
        get_client(sync_client=True) as client,
        opened(_made(folder / "ecs"), prefect_server, **where, SourceDatabase=mariadb.DATABASE) as ecs,
        worker(ecs),
        steps.opened(_made(folder / "steps"), **where, SourceDatabase=mariadb.DATABASE) as machine,
        cluster.standalone(_made(folder / "workers")) as master,
    ):
        patch.setenv("PREFECT_API_URL", prefect_server.api)
        patch.setenv("PREFECT_HOME", str(prefect_server.home))
        tell(ecs, source_server, warehouse_server)
        cloud.tell(machine.server, machine.outputs, source_server, warehouse_server)
        steps.play(machine, artifacts.HERE / "job.py", **IN_A_PROCESS)
        deployment = product_deployment(ecs, Settings())
        setup(Settings(), LOCAL)
        place = Place(stack, client, folder, datetime.now(UTC).date())
        ways = {
            "local": place.local(), "ad hoc": place.ad_hoc(), "scheduled": place.scheduled(),
            "ecs": place.on_ecs(ecs, deployment), "glue": place.by_glue(machine),
            "step functions": place.by_step_functions(machine), "cluster": place.on_cluster(master),
        }  # fmt: skip
        first = {name: way.carried() for name, way in ways.items()}
        evolve(admin_of(source_server))
        yield {name: [first[name], way.carried()] for name, way in ways.items()}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize("day", [0, 1])
def test_the_tables_are_those_of_a_local_run(days: dict[str, list[Contents]], way: str, day: int) -> None:
    assert days[way][day] == days["local"][day]


def test_the_next_day_is_seen_in_every_layer(days: dict[str, list[Contents]]) -> None:
    first, second = days["local"]
    changed = {name.partition("/")[0] for name in second if first.get(name) != second[name]}

    assert len(second) > 25
    assert changed >= {"bronze", "silver", "history", "derived", "gold", "quarantine"}
