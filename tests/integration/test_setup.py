"""`lakehouse setup` makes Prefect what prefect.yaml says: twice is once, and what is gone goes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from deployments import wiring
from deployments.alerts import BLOCK
from deployments.pools import ECS, LOCAL
from deployments.setup import setup
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings, WarehouseSettings
from tasks.blocks import Warehouse, warehouse

IMAGE = "registry.example/lakehouse:abc"
PROD = "marketplace/marketplace-prod"
ADDRESS = "http://127.0.0.1:9/a-secret-token"


@pytest.fixture
def client(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    """The server as this process and those it starts see it; its pools and deployments are gone before each test."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.api)
    monkeypatch.setenv("PREFECT_HOME", str(prefect_server.home))
    monkeypatch.setenv("GIT_SHA", "abc")
    monkeypatch.setenv("LAKEHOUSE_IMAGE", IMAGE)
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)
        for pool in client.read_work_pools():
            client.delete_work_pool(pool.name)
        for automation in client.read_automations():
            client.delete_automation(automation.id)
        yield client


@pytest.fixture
def ecs_pool(client: SyncPrefectClient) -> None:
    client.create_work_pool(WorkPoolCreate(name="ecs", type="ecs"))


@pytest.fixture
def described(warehouse_server: Postgres) -> Settings:
    """Settings that say where the warehouse is, and whom to tell."""
    target = warehouse_server
    return Settings(
        warehouse=WarehouseSettings(
            host=target.host, port=target.port, user=target.user, password=SecretStr(target.password), tls="off"
        ),
        alert_webhook=SecretStr(ADDRESS),
    )


def paths(client: SyncPrefectClient) -> set[str]:
    return {f"{client.read_flow(d.flow_id).name}/{d.name}" for d in client.read_deployments()}


def test_set_up_twice_is_once_and_a_pause_made_in_the_ui_stays(
    client: SyncPrefectClient, described: Settings, ecs_pool: None
) -> None:
    setup(described, ECS)
    first = client.read_deployment_by_name(PROD)
    client.update_deployment_schedule(first.id, first.schedules[0].id, active=False)
    automations = {one.name: one.id for one in client.read_automations()}
    client.pause_automation(min(automations.values()))

    told = setup(described, ECS)

    second = client.read_deployment_by_name(PROD)
    assert paths(client) == {deployment.path for deployment in wiring.deployments("ecs")}
    assert second.id == first.id
    assert [(s.slug, s.schedule.cron, s.schedule.timezone, s.active) for s in second.schedules] == [
        ("hourly", "0 * * * *", "UTC", False)
    ]
    assert (second.version, second.work_pool_name, second.job_variables) == (
        "abc", "ecs", {"image": IMAGE, "cpu": 2048, "memory": 4096},
    )  # fmt: skip
    assert second.global_concurrency_limit.limit == 1
    assert second.concurrency_options.collision_strategy == "ENQUEUE"
    assert {one.name: one.id for one in client.read_automations()} == automations
    assert len(automations) == 3
    assert [one.id for one in client.read_automations() if not one.enabled] == [min(automations.values())]
    assert not [line for line in told if line.startswith(("make", "remove"))]
    assert Warehouse.load("warehouse").engine().connect().exec_driver_sql("SELECT 1").scalar() == 1
    assert Webhook.load(BLOCK).url.get_secret_value() == ADDRESS


def test_schedules_and_deployments_of_ours_that_are_gone_from_the_file_disappear_and_others_stay(
    client: SyncPrefectClient, described: Settings
) -> None:
    setup(described)
    found = client.read_deployment_by_name("marketplace/marketplace-dev")
    old = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="UTC"), slug="old")
    client.create_deployment_schedules(found.id, [old])
    for name, tags in (("ours", [wiring.TAG]), ("theirs", ["dev"])):
        client.create_deployment(found.flow_id, name, work_pool_name="local", tags=tags)

    told = setup(described)

    assert "remove deployment marketplace/ours" in told
    assert "remove deployment marketplace/marketplace-dev: schedule old" in told
    assert client.read_deployment_by_name("marketplace/marketplace-dev").schedules == []
    assert paths(client) == {"marketplace/theirs"} | {d.path for d in wiring.deployments("local")}


def test_setting_up_one_target_leaves_the_deployments_of_another(
    client: SyncPrefectClient, described: Settings, ecs_pool: None
) -> None:
    setup(described, ECS)
    setup(described, LOCAL)

    assert paths(client) == {deployment.path for deployment in wiring.deployments()}


def test_a_dry_run_tells_what_would_be_done_and_changes_nothing(client: SyncPrefectClient, described: Settings) -> None:
    told = setup(described, dry_run=True)

    assert (client.read_deployments(), client.read_work_pools(), client.read_automations()) == ([], [], [])
    assert setup(described) == told
    assert "make   work pool local: type process, 1 at once" in told
    assert "keep   work pool local: type process, 1 at once" in setup(described, dry_run=True)


def test_no_password_and_no_address_of_alerts_is_told_or_can_be_read(
    client: SyncPrefectClient, described: Settings, warehouse_server: Postgres
) -> None:
    told = "\n".join(setup(described))
    shown = json.dumps(
        [document.model_dump(mode="json") for document in client.read_block_documents(include_secrets=False)]
    )
    shown += json.dumps([automation.model_dump(mode="json") for automation in client.read_automations()])

    assert "lakehouse-alerts" in shown
    for secret in (warehouse_server.password, "a-secret-token"):
        assert secret not in told + shown


def test_alerts_need_an_address_and_silence_keeps_those_there_are(
    client: SyncPrefectClient, described: Settings
) -> None:
    setup(described)

    told = setup(Settings())

    assert "keep   alerts: LAKEHOUSE_ALERT_WEBHOOK is not set, so nobody is told" in told
    assert len(client.read_automations()) == 3


def test_a_block_that_somebody_filled_is_not_written_over_by_silence(
    client: SyncPrefectClient, described: Settings, warehouse_server: Postgres
) -> None:
    setup(described)

    told = setup(Settings(warehouse_block="warehouse"))

    assert told[0] == "keep   block warehouse: LAKEHOUSE_WAREHOUSE__* are not set"
    assert Warehouse.load("warehouse").connection.connection_info.port == warehouse_server.port


def test_a_block_that_is_not_there_is_told_before_anything_is_deployed(client: SyncPrefectClient) -> None:
    settings = Settings(warehouse_block="absent")

    with pytest.raises(Terminal, match=r"no Warehouse block absent.*set them and run `lakehouse setup`"):
        setup(settings)
    with pytest.raises(Terminal, match="there is no Warehouse block absent; run `lakehouse setup`"):
        warehouse(settings)
    assert client.read_work_pools() == []


def test_a_block_of_another_type_is_not_taken_for_a_warehouse(client: SyncPrefectClient) -> None:
    Secret(value="s3cret").save("other", overwrite=True)

    for name in ("other", "secret/other"):
        with pytest.raises(Terminal, match=f"{name}.*`lakehouse setup`"):
            warehouse(Settings(warehouse_block=name))


def test_a_work_pool_of_another_type_is_told_before_anything_is_deployed(
    client: SyncPrefectClient, described: Settings
) -> None:
    client.create_work_pool(WorkPoolCreate(name="local", type="docker"))

    with pytest.raises(Terminal, match="pool local is of type docker, not process; `prefect work-pool delete local`"):
        setup(described)
    assert client.read_deployments() == []


def test_a_work_pool_that_only_a_stack_can_fill_is_told_with_the_command(
    client: SyncPrefectClient, described: Settings
) -> None:
    with pytest.raises(Terminal, match="no work pool ecs; `lakehouse setup --target ecs --stack NAME` makes it"):
        setup(described, ECS)
    with pytest.raises(Terminal, match="leave out --stack"):
        setup(described, LOCAL, "lakehouse")
    assert client.read_deployments() == []


def test_no_server_gives_one_clear_line(described: Settings) -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        pytest.raises(Terminal, match=r"no Prefect server answers at http://127.0.0.1:1/api .*; check PREFECT_API_URL"),
    ):
        setup(described)
    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(Terminal, match="set PREFECT_API_URL"):
        setup(described)


def test_a_schedule_that_cannot_be_is_told_before_anything_is_deployed(
    client: SyncPrefectClient, described: Settings, ecs_pool: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = yaml.safe_load(wiring.FILE.read_text())
    next(one for one in file["deployments"] if one["schedules"])["schedules"][0]["timezone"] = "Mars/Olympus"
    (tmp_path / "flows").symlink_to(wiring.FILE.parent / "flows")
    monkeypatch.setattr(wiring, "FILE", tmp_path / "prefect.yaml")
    wiring.FILE.write_text(yaml.safe_dump(file))

    with pytest.raises(Terminal, match=r"schedule hourly \(0 \* .*, Mars/Olympus\).*mend it in prefect.yaml"):
        setup(described, ECS)
    assert client.read_deployments() == []
