"""The stack for Docker names only what there is."""

import os
from pathlib import Path

import yaml

from lakehouse import settings

ROOT = Path(__file__).parents[2]
STACK = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_setting_of_the_stack_is_one_of_ours() -> None:
    given = {name for name in STACK["x-lakehouse"]["environment"] if name.startswith(settings.PREFIX)}
    assert given
    assert given <= set(settings.names())


def test_no_password_stands_in_the_file() -> None:
    services = STACK["services"].values()
    secrets = [v for s in services for n, v in s.get("environment", {}).items() if "PASSWORD" in n or "SECRET" in n]
    assert secrets
    assert all(value.startswith("${STACK_PASSWORD:?") for value in secrets)


def test_services_wait_only_for_services_of_the_stack() -> None:
    awaited = {name for service in STACK["services"].values() for name in service.get("depends_on", {})}
    assert awaited
    assert awaited <= set(STACK["services"])


def test_the_stack_is_whole() -> None:
    services = STACK["services"]
    images = {name: service["image"].partition(":")[0] for name, service in services.items()}
    assert images == {
        "source": "mysql", "warehouse": "postgres", "prefect-database": "postgres", "s3": "motoserver/moto",
        "prefect": "prefecthq/prefect", "setup": "rental-lakehouse", "worker": "rental-lakehouse",
    }  # fmt: skip
    assert services["source"]["image"].startswith("mysql:8.")
    assert all(services[name]["read_only"] and services[name]["volumes"] == ["/tmp"] for name in ("setup", "worker"))
    assert services["worker"]["command"][:3] == ["prefect", "worker", "start"]


def test_people_of_this_machine_alone_reach_the_servers() -> None:
    ports = [port for service in STACK["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_scripts_of_the_image_can_be_run() -> None:
    scripts = [ROOT / "deployments/image/build.sh", ROOT / "deployments/image/prune.sh"]
    scripts += [ROOT / "tests/image/run.sh", ROOT / "tests/image/enter.sh"]
    assert all(os.access(script, os.X_OK) for script in scripts)
