"""What the image promises: `make image-test` runs this against the built image, without a network."""

import os
import signal
import sys
from pathlib import Path

import pytest

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from tests.image.container import Image, first_process, mounted
from tests.image.start import first_run, import_prefect

SCALE = 0.02
ROUNDS = 5
UNUSED_SPARK = (
    "mllib", "graphx", "hive-exec", "hive-metastore", "spark-hive", "derby", "kubernetes", "yarn", "repl", "connect",
    "rocksdbjni", "scala-compiler",
)  # fmt: skip
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


def test_nothing_of_spark_that_is_never_used_is_there(image: Image) -> None:
    spark = image.root / "opt/lakehouse/.venv/lib/python3.11/site-packages/pyspark/jars"
    jars = [jar.name for jar in spark.glob("*.jar")]
    assert [jar for jar in jars if any(part in jar for part in UNUSED_SPARK)] == []
    assert any(jar.startswith("spark-sql_") for jar in jars)


def test_no_build_tools_are_there(image: Image, tmp_path: Path) -> None:
    tools = ("uv", "pip", "gcc", "make", "javac", "pytest", "ruff")
    found = image.run(tmp_path, "sh", "-c", f"for tool in {' '.join(tools)} java; do command -v $tool; done; true")
    assert found.stdout.split() == ["/usr/bin/java"]


def test_cold_start(
    image: Image, shop: dict[str, str], prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = {**shop, "PREFECT_API_URL": prefect_server.api}
    plain, kept, fresh = [], [], []
    for _ in range(ROUNDS):  # side by side, so that a busy moment of the machine meets all of them
        plain.append(import_prefect(image, tmp_path_factory.mktemp("import")))
        kept.append(first_run(image, tmp_path_factory.mktemp("with"), **world))
        bare = tmp_path_factory.mktemp("without")
        (bare / "jars").mkdir()
        for jar in (image.root / "opt/lakehouse/jars").glob("*.jar"):
            (bare / "jars" / jar.name).symlink_to(f"/opt/lakehouse/jars/{jar.name}")
        fresh.append(first_run(image, bare, **{**world, "LAKEHOUSE_JARS": "/tmp/jars"}))
    row = min(run.row for run in kept)
    sys.stdout.write(
        f"the quickest of {ROUNDS}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores:\n"
        f"import prefect: {min(plain)}\n"
        f"first row read: {row}; {row.clock / min(plain).clock:.1f} times as long\n"
        f"first commit with the class archive: {min(run.commit for run in kept)}\n"
        f"first commit without: {min(run.commit for run in fresh)}\n"
    )
    assert all(run.has_archive for run in kept)
    assert not any(run.has_archive for run in fresh)
    assert row.clock <= 3 * min(plain).clock


def test_whole_run_balances_without_a_network(image: Image, shop: dict[str, str], tmp_path: Path) -> None:
    done = image.run(tmp_path, "lakehouse", "run", **shop)
    assert done.returncode == 0, done.stdout
    again = image.run(tmp_path, "lakehouse", "run", **shop)
    assert again.returncode == 0, again.stdout
    assert "nothing to do" in again.stdout


@pytest.mark.fault("F34")
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


@pytest.mark.fault("F34", control=True)
def test_process_one_that_does_not_listen_would_not_end(image: Image, tmp_path: Path) -> None:
    with image.start(tmp_path, "sh", "-c", "echo here; sleep 3; echo stayed") as process:
        assert process.stdout is not None
        assert next(process.stdout) == "here\n"
        os.kill(first_process(process), signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE)[0] == "stayed\n"
