"""What the image promises: `make image-test` runs this against the built image, without a network."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from tests.image.container import Image, first_process, mounted

SCALE = 0.02
PATIENCE_SECONDS = 200
PATIENCE = 25  # ECS kills 30 s after its signal


@pytest.fixture(scope="module")
def image() -> Image:
    return mounted()


@pytest.fixture(scope="module")
def shop(source_server: MariaDb, warehouse_server: Postgres) -> dict[str, str]:
    generate(admin_of(source_server), SCALE)
    return {
        "LAKEHOUSE_SOURCE__PORT": str(source_server.port),
        "LAKEHOUSE_SOURCE__USER": source_server.user,
        "LAKEHOUSE_SOURCE__PASSWORD": source_server.password,
        "LAKEHOUSE_SOURCE__DATABASE": mariadb.DATABASE,
        "LAKEHOUSE_SOURCE__TLS": "off",
        "LAKEHOUSE_LAKE": "/tmp/lake",
        "LAKEHOUSE_WAREHOUSE__PORT": str(warehouse_server.port),
        "LAKEHOUSE_WAREHOUSE__USER": warehouse_server.user,
        "LAKEHOUSE_WAREHOUSE__PASSWORD": warehouse_server.password,
        "LAKEHOUSE_WAREHOUSE__TLS": "off",
    }


def test_ordinary_user_and_read_only_root(image: Image, tmp_path: Path) -> None:
    assert image.run(tmp_path, "id", "-u").stdout.strip() == "1000"
    refused = image.run(tmp_path, "touch", "/opt/lakehouse/x")
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stdout
    assert image.run(tmp_path, "touch", "/tmp/x").returncode == 0


def test_commands_are_there(image: Image, tmp_path: Path) -> None:
    shown = image.run(tmp_path, "lakehouse", "--help")
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in ("run", "status", "check", "setup", "settings"))
    assert image.run(tmp_path, "prefect", "--version").returncode == 0


def test_check_without_servers_says_what_is_missing(image: Image, tmp_path: Path) -> None:
    checked = image.run(tmp_path, "lakehouse", "check", LAKEHOUSE_SOURCE__PORT="1", LAKEHOUSE_WAREHOUSE__PORT="1")
    assert checked.returncode == 1
    marks = {line[2:].split(":")[0]: line[0] for line in checked.stdout.splitlines() if line[:2] in ("✓ ", "✗ ")}
    assert marks == {"Java": "✓", "jars": "✓", "lake": "✗", "source": "✗", "warehouse": "✗", "Prefect API": "✓"}
    assert "Traceback" not in checked.stdout


def test_what_was_checked_at_the_build_holds_when_it_runs(image: Image, tmp_path: Path) -> None:
    checked = image.run(tmp_path, "lakehouse", "check", "--image")
    assert checked.returncode == 0, checked.stdout
    found = {line[2:].split(":")[0]: line[0] for line in checked.stdout.splitlines() if line[:2] in ("✓ ", "✗ ")}
    assert set(found.values()) == {"✓"}
    assert set(found) == {"Java", "jars", "class archive", "imports", "user", "code", "temporary folder"}


def test_it_says_what_it_is(image: Image) -> None:
    assert image.labels["org.opencontainers.image.title"] == "rental-lakehouse"
    assert len(image.labels["org.opencontainers.image.revision"]) >= 7


def seconds_until(image: Image, tmp: Path, happens: Callable[[str], bool], *command: str, **settings: str) -> float:
    """From the start of a process to a line of its output, at which it is ended; to its end where none is."""
    began = time.monotonic()
    with image.start(tmp, *command, **settings) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if happens(line):
                break
        else:
            assert process.wait() == 0, "".join(said)
        return time.monotonic() - began


def seconds_to_commit(image: Image, tmp: Path, **settings: str) -> float:
    """From the start of a run to the first commit in the lake."""
    began = time.monotonic()
    with image.start(tmp, "lakehouse", "run", **settings) as process:
        while not list(tmp.glob("lake/raw_data/*/_delta_log/*.json")):
            assert process.poll() is None
            assert time.monotonic() < began + PATIENCE_SECONDS
            time.sleep(0.02)
        return time.monotonic() - began


def test_cold_start(
    image: Image, shop: dict[str, str], prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = {**shop, "PREFECT_API_URL": prefect_server.api}
    folders = [tmp_path_factory.mktemp(name) for name in ("import", "row", "with", "without")]
    seconds_until(image, folders[0], lambda _: False, "python3", "-c", "import prefect")
    plain = seconds_until(image, folders[0], lambda _: False, "python3", "-c", "import prefect")
    row = seconds_until(image, folders[1], lambda line: "to do:" in line, "lakehouse", "run", **world)
    kept = seconds_to_commit(image, folders[2], **world)
    bare = folders[3] / "jars"
    bare.mkdir()
    for jar in (image.root / "opt/lakehouse/jars").glob("*.jar"):
        (bare / jar.name).symlink_to(f"/opt/lakehouse/jars/{jar.name}")
    fresh = seconds_to_commit(image, folders[3], **{**world, "LAKEHOUSE_JARS": "/tmp/jars"})
    sys.stdout.write(
        f"import prefect {plain:.1f} s; to the first row {row:.1f} s; to the first commit {kept:.1f} s with the class "
        f"archive, {fresh:.1f} s without"
    )
    assert row <= 3 * plain


def test_whole_run_balances_without_a_network(image: Image, shop: dict[str, str], tmp_path: Path) -> None:
    done = image.run(tmp_path, "lakehouse", "run", **shop)
    assert done.returncode == 0, done.stdout
    again = image.run(tmp_path, "lakehouse", "run", **shop)
    assert again.returncode == 0, again.stdout
    assert "nothing to do" in again.stdout


def test_termination_reaches_the_flow_as_process_one(image: Image, shop: dict[str, str], tmp_path: Path) -> None:
    with image.start(tmp_path, "lakehouse", "run", **shop) as process:
        assert process.stdout is not None
        assert "bookings" in next((line for line in process.stdout if "to do:" in line), "")
        assert any("Beginning subflow run" in line for line in process.stdout)
        inside = first_process(process)
        assert Path(f"/proc/{inside}/status").read_text().split("NSpid:")[1].split()[1] == "1"
        assert "lakehouse" in Path(f"/proc/{inside}/cmdline").read_text()
        os.kill(inside, signal.SIGTERM)
        rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "warehouse = gold" not in rest
    assert image.run(tmp_path, "lakehouse", "run", **shop).returncode == 0


def test_process_one_that_does_not_listen_would_not_end(image: Image, tmp_path: Path) -> None:
    with image.start(tmp_path, "sh", "-c", "echo here; sleep 3; echo stayed") as process:
        assert process.stdout is not None
        assert next(process.stdout) == "here\n"
        os.kill(first_process(process), signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE)[0] == "stayed\n"
