"""The tiny world as seen from outside: run by processes, compared by content."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from lakehouse.lake import Lake, Layer
from tests.support.shop import Shop

REPOSITORY = Path(__file__).parents[2]
TABLES: tuple[tuple[Layer, str], ...] = (
    ("bronze", "orders"), ("silver", "orders"), ("history", "orders"), ("quarantine", "orders"),
    ("bronze", "labels"), ("silver", "labels"), ("gold", "revenue"),
)  # fmt: skip
CLOCKS = {"valid_from", "valid_to"}
FIRST = (
    "INSERT INTO orders (id, status, price, note, updated_at) VALUES (1, 'open', 10.00, 'a', '2024-04-01'), "
    "(2, 'Payed', 0.50, NULL, '2024-04-01'), (3, 'odd', 3, 'x', '2024-04-02'), (4, 'paid', -1, '', '2024-04-03')",
    "INSERT INTO labels VALUES (1, 'north'), (2, 'south'), (3, NULL)",
)
UNSEEN = "DELETE FROM orders WHERE id = 2"
"""What no window of the second day shows; only a reconcile finds it."""
SECOND = (
    "UPDATE orders SET status = 'paid', updated_at = '2024-04-05' WHERE id = 1",
    "UPDATE orders SET price = 7, updated_at = '2024-04-05' WHERE id = 4",
    "INSERT INTO orders (id, status, price, updated_at) VALUES (5, 'open', 5, '2024-04-06')",
    UNSEEN,
    "UPDATE labels SET label = 'west' WHERE id = 2",
    "INSERT INTO labels VALUES (5, 'east')",
)


@dataclass(frozen=True)
class Days:
    """Two days of changes, and how a run of each is told."""

    second: tuple[str, ...]
    morning: dict[str, str]
    evening: dict[str, str]


DAYS = {
    "reconcile": Days(SECOND, {}, {}),
    "incremental": Days(
        tuple(statement for statement in SECOND if statement != UNSEEN),
        {"WORLD_MODE": "incremental", "WORLD_UNTIL": "2024-04-04"},
        {"WORLD_MODE": "incremental", "WORLD_UNTIL": "2024-04-07"},
    ),
}


def launch(world: Shop, **how: str) -> subprocess.Popen[str]:
    """Starts a run of the world."""
    source = world.settings.source
    told = {
        "HOST": source.host, "PORT": str(source.port), "USER": source.user, "TLS": "off", "GRACE_SECONDS": "0",
        "PASSWORD": source.password.get_secret_value(), "DATABASE": source.database,
    }  # fmt: skip
    environment = {
        **os.environ,
        **{f"LAKEHOUSE_SOURCE__{k}": v for k, v in told.items()},
        "LAKEHOUSE_LAKE": world.settings.lake,
        "LAKEHOUSE_SPARK__MASTER": "local[1]",
        "LAKEHOUSE_SPARK__DRIVER_MEMORY": "700m",
        "PYTHONFAULTHANDLER": "1",
        "WORLD_WAREHOUSE": world.engine.url.render_as_string(hide_password=False),
        "PYTHONPATH": str(REPOSITORY),
        **how,
    }
    command = [sys.executable, "-m", "tests.faults.worker"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a run."""
    try:
        output, _ = process.communicate(timeout=200)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output


def completed(world: Shop, **how: str) -> None:
    """A run that must end well."""
    code, output = ended(launch(world, **how))
    assert code == 0, output


def content(world: Shop) -> dict[str, list[str]]:
    """The rows of every table and of the warehouse, without our own columns and clocks, in order."""
    lake = Lake(world.settings.lake_root)
    found = {f"{layer}/{name}": _rows(lake, layer, name) for layer, name in TABLES}
    with world.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM presentation.revenue").fetchall()
    return found | {"warehouse": sorted(map(str, rows))}


def staged(world: Shop) -> list[Path]:
    """What is left of rows on their way."""
    return [path for path in (Path(world.settings.lake) / "_staging").rglob("*") if path.is_file()]


def uncommitted(world: Shop, layer: Layer) -> set[Path]:
    """Files in the layer's folders that no commit knows."""
    folders = [Path(Lake(world.settings.lake_root).path(layer, name)) for kind, name in TABLES if kind == layer]
    known = "".join(log.read_text() for folder in folders for log in folder.glob("_delta_log/*.json"))
    return {file for folder in folders for file in folder.glob("*.parquet") if file.name not in known}


def _rows(lake: Lake, layer: Layer, name: str) -> list[str]:
    table = lake.open(layer, name)
    assert table is not None
    rows: pa.Table = table.to_pyarrow_table()
    kept = [c for c in rows.column_names if not c.startswith("_") and c not in CLOCKS]
    return sorted(map(str, rows.select(kept).to_pylist()))
