"""The rows of a mart on their way into a warehouse: those of the periods that are asked for, never all at once."""

import multiprocessing
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake

from demo.servers.s3 import S3Server
from lakehouse import s3
from lakehouse.contracts import Mart, MartColumn, Transient
from lakehouse.lake import Lake, State
from lakehouse.warehouse.rows import rows
from tests.support.gold import write
from tests.support.gold_lake import GoldLake, mart, on
from tests.support.proxy import proxied

FEW, MANY, FILE_ROWS = 200_000, 2_000_000, 100_000
NUMBERS = 16


def read(lake: Lake) -> Iterable[pa.RecordBatch]:
    """As a release does."""
    return rows(lake, Mart("wide", ("n0",), ""), State("gold/wide", 1, "run", "build", version=0, snapshot=0)).batches()


def scanned(lake: Lake) -> Iterable[pa.RecordBatch]:
    """As Arrow does where nobody says otherwise."""
    return DeltaTable(lake.path("gold", "wide")).to_pyarrow_dataset().to_batches()


def growth(folder: Path, how: Callable[[Lake], Iterable[pa.RecordBatch]]) -> int:
    """How many MiB more a process needs for ten times the rows."""
    few, many = (_peak(folder / str(count), count, how) for count in (FEW, MANY))
    return many - few


def _peak(folder: Path, count: int, how: Callable[[Lake], Iterable[pa.RecordBatch]]) -> int:
    lake, chance = Lake(str(folder)), np.random.default_rng(1)
    made = pa.table({f"n{n}": chance.integers(0, 10**6, count) for n in range(NUMBERS)})
    write_deltalake(
        lake.path("gold", "wide"), made, mode="overwrite",
        writer_properties=WriterProperties(max_row_group_size=FILE_ROWS),
    )  # fmt: skip
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        found, megabytes = child.submit(_reader, lake, how).result(120)
    assert found == count
    return megabytes


def _reader(lake: Lake, how: Callable[[Lake], Iterable[pa.RecordBatch]]) -> tuple[int, int]:
    """Rows, and the most memory that this process had."""
    found = sum(batch.num_rows for batch in how(lake))
    highest = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert highest
    return found, int(highest.group(1)) >> 10


def test_ten_times_the_rows_take_no_ten_times_the_memory(tmp_path: Path) -> None:
    assert growth(tmp_path, read) < 40


def test_read_in_the_usual_way_memory_grows_with_the_rows(tmp_path: Path) -> None:
    """The negative control."""
    assert growth(tmp_path, scanned) > 160


def test_the_rows_of_some_periods_are_found_whatever_their_column_is_called(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    name = 'Week "of"'
    odd = Mart("odd", ("select",), "", columns=(MartColumn(name, "DATE", "A week"),), period=name)
    made = pa.table({name: pa.array([on(0), on(1), None, on(2)], pa.date32()), "select": [1, 2, 3, 4]})
    state = write(lake, "odd", made)

    def numbers(*days: int) -> list[int]:
        found = rows(lake, odd, state, [on(day) for day in days]).batches()
        return sorted(n for batch in found for n in batch.column("select").to_pylist())

    assert (numbers(0, 2), numbers(), numbers(7)) == ([1, 4], [], [])


@pytest.fixture
def on_s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Lake:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    options = s3.delta_options
    monkeypatch.setattr(s3, "delta_options", lambda key: options(key) | {"timeout": "1s", "max_retries": "1"})
    return Lake("s3://lake/rows")


@contextmanager
def ticking() -> Iterator[list[float]]:
    """Looks at the clock ten times a second, as the thread does that keeps the deadline of a release."""
    ticks, done = list[float](), threading.Event()

    def tick() -> None:
        while not done.wait(0.1):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield ticks
    finally:
        done.set()
        thread.join()


def test_a_lake_on_s3_that_falls_silent_is_told_and_other_threads_go_on_meanwhile(
    on_s3: Lake, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = GoldLake(on_s3).write("nights", [(on(0), number, "x" * 50) for number in range(5000)])
    source = rows(on_s3, mart("nights"), state)
    assert sum(batch.num_rows for batch in source.batches()) == 5000

    with proxied(s3_server.port) as way, ticking() as ticks:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{way.port}")
        source = rows(on_s3, mart("nights"), state)
        way.silent_after = 1
        began = time.monotonic()
        with pytest.raises(Transient, match=r"nights.* cannot be read; try again"):
            list(source.batches())
        silence = time.monotonic() - began

    assert 1 < silence < 30
    assert len([at for at in ticks if at > began]) > silence * 5
