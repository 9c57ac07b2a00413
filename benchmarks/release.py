"""`python -m benchmarks.release [ROWS]`: what a release to PostgreSQL costs beside a bare binary COPY, as ratios.

In one run on one server, in turns: a file that the server reads itself into a table of no index (the bare COPY), the
stage step of a release, and a whole release that replaces every row of a mart under its key. A small and a ten times
larger release tell whether memory grows with the rows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from pgpq import ArrowToPostgresBinaryEncoder
from pyarrow.dataset import dataset
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, event

from benchmarks.family import watched
from demo.servers import postgres as server
from lakehouse.contracts import Mart, MartColumn
from lakehouse.lake import Lake, State, to_json
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.dialect import measure, table
from lakehouse.warehouse.postgres import Postgres
from lakehouse.warehouse.rows import Rows, rows

ROWS, ROUNDS, SMALL, TIMES = 1_000_000, 3, 200_000, 10
STAGE_LEAST, RELEASE_MOST, GROWTH_MOST_MB = 0.6, 5.0, 100
KINDS = {"BIGINT": pa.int64(), "DATE": pa.date32(), "STRING": pa.string(), "BOOLEAN": pa.bool_()}
PARTS = {"DELETE": "delete", "INSERT": "insert", "SUM(": "verify"}


def column(name: str, kind: str) -> MartColumn:
    """A column without a story."""
    return MartColumn(name, kind, f"What {name} is")


GUESTS = Mart(
    "spend_weekly", ("week_start", "user_id"), "Narrow: what guests spend", period="week_start",
    columns=(column("week_start", "DATE"), column("user_id", "BIGINT"), column("bookings", "BIGINT"),
             column("spend_usd", "DECIMAL(14,2)"), column("is_partial", "BOOLEAN")),
)  # fmt: skip
LISTINGS = Mart(
    "listings_weekly", ("week_start", "user_id"), "Wide: what listings sell", period="week_start",
    columns=(column("week_start", "DATE"), column("user_id", "BIGINT"), column("city", "STRING"),
             column("state", "STRING"), *(column(f"count_{n}", "BIGINT") for n in range(6)),
             *(column(f"price_{n}", "DECIMAL(12,2)") for n in range(6)), column("is_partial", "BOOLEAN")),
)  # fmt: skip


@dataclass
class Times:
    """Seconds of each round, by what was done."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        """One more round."""
        self.found.setdefault(what, []).append(seconds)

    def of(self, what: str) -> float:
        """The median."""
        return median(self.found[what])


def main() -> None:
    """Measures, prints tables, and fails where a limit is not kept."""
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--rounds", type=int, default=ROUNDS, help="rounds to measure; the median counts")
    given = asked.parse_args()
    say, failed = Console(width=110).print, list[str]()
    for mart in (GUESTS, LISTINGS):
        with _site() as (engine, folder):
            times = measured(engine, folder, mart, given.rows, given.rounds)
        say(_shown(times, f"{mart.description}, {given.rows:,} rows, {len(mart.columns)} columns"))
        stage, whole = times.of("bare COPY") / times.of("stage"), times.of("release") / times.of("bare COPY")
        failed += [f"{mart.name}: stage at {stage:.2f} of the bare COPY's speed"] if stage < STAGE_LEAST else []
        failed += [f"{mart.name}: release {whole:.1f} times the bare COPY"] if whole > RELEASE_MOST else []
    few, many = (_memory(count) for count in (SMALL, SMALL * TIMES))
    say(f"memory of a release: {few} MB for {SMALL:,} rows, {many} MB for {SMALL * TIMES:,}")
    failed += [f"memory grows from {few} to {many} MB"] if many > few + GROWTH_MOST_MB else []
    if failed:
        sys.exit("; ".join(failed))


def measured(engine: Engine, folder: Path, mart: Mart, count: int, rounds: int) -> Times:
    """What a bare COPY, the stage step and a whole release of a mart took, in turns."""
    lake, times = Lake(str(folder / "lake")), Times()
    for number in range(rounds + 1):
        state = _commit(engine, lake, mart, count, number)
        with _parts(engine) as parts:
            began = time.monotonic()
            releases.release(engine, lake, {mart.name: state}, f"run{number}", {mart.name: mart})
            took = time.monotonic() - began
        if number:  # the first release makes the table
            staged, copied = _staged(engine, lake, mart, state), _copied(engine, folder, lake, mart, state)
            for what, seconds in {"bare COPY": copied, "stage": staged, "release": took, **parts}.items():
                times.add(what, seconds)
    return times


def _copied(engine: Engine, folder: Path, lake: Lake, mart: Mart, state: State) -> float:
    """Seconds in which the server reads a file of the rows."""
    source, path = rows(lake, mart, state), folder / "rows.bin"
    encoder = ArrowToPostgresBinaryEncoder(source.schema)
    with path.open("wb") as file:
        file.write(encoder.write_header())
        for batch in source.batches():
            file.write(encoder.write_batch(batch))
        file.write(encoder.finish())
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE bare (LIKE {table(Postgres(), mart.name)})")
        began = time.monotonic()
        connection.exec_driver_sql(f"COPY bare FROM '{path}' (FORMAT binary)")
        took = time.monotonic() - began
        connection.exec_driver_sql("DROP TABLE bare")
        return took


def _staged(engine: Engine, lake: Lake, mart: Mart, state: State) -> float:
    """Seconds of the stage step alone."""
    with engine.begin() as connection:
        began = time.monotonic()
        Postgres().stage(connection, lake, "stage_bench", rows(lake, mart, state))
        took = time.monotonic() - began
        connection.exec_driver_sql("DROP TABLE stage_bench")
        return took


def _commit(engine: Engine, lake: Lake, mart: Mart, count: int, number: int) -> State:
    """Makes rows the mart's next gold commit; their checksum is the server's own."""
    made = _made(mart, count, number)
    source = Rows(made.schema, dataset(made))
    with engine.begin() as connection:
        Postgres().stage(connection, lake, "stage_made", source)
        found = measure(connection, Postgres(), "stage_made", source.fields)
        connection.exec_driver_sql("DROP TABLE stage_made")
    state = State(f"gold/{mart.name}", number + 1, f"run{number}", "build", checksum=found)
    said = CommitProperties(custom_metadata={"userMetadata": to_json(state)})
    write_deltalake(lake.path("gold", mart.name), made, mode="overwrite", commit_properties=said)
    kept = lake.state("gold", mart.name)
    assert kept is not None
    return kept


def _made(mart: Mart, count: int, seed: int) -> pa.Table:
    """Rows by week and number, other ones for each seed."""
    ids = np.arange(count)
    chance = np.random.default_rng(seed)
    first = np.datetime64("2020-01-06")
    columns = {"week_start": first + (ids % 260) * np.timedelta64(7, "D"), "user_id": ids // 260}
    for each in mart.columns[2:]:
        number = chance.integers(0, 100_000, count)
        match each.type:
            case "STRING":
                columns[each.name] = pa.array([f"{each.name} {n % 300}" for n in number])
            case "BOOLEAN":
                columns[each.name] = number < 500
            case kind if kind.startswith("DECIMAL"):
                columns[each.name] = pa.array(number).cast(pa.decimal128(38, 0)).cast(_kind(kind))
            case _:
                columns[each.name] = number
    return pa.table({c.name: pa.array(columns[c.name]).cast(_kind(c.type)) for c in mart.columns})


def _kind(name: str) -> pa.DataType:
    if name.startswith("DECIMAL"):
        digits, scale = name.removeprefix("DECIMAL(").rstrip(")").split(",")
        return pa.decimal128(int(digits), int(scale))
    return KINDS[name]


@contextmanager
def _parts(engine: Engine) -> Iterator[dict[str, float]]:
    """Notes what the parts of a release took, while a block lasts: by its statements, and the COPY."""
    parts, begun, stage = dict[str, float](), list[float](), Postgres.stage

    def before(*_: object) -> None:
        begun.append(time.monotonic())

    def after(_: object, __: object, statement: str, *___: object) -> None:
        took = time.monotonic() - begun.pop()
        part = next((part for words, part in PARTS.items() if words in statement), "the rest")
        parts[part] = parts.get(part, 0.0) + took

    def noted(*given: Any) -> None:
        began = time.monotonic()
        stage(*given)
        parts["stage it"] = time.monotonic() - began

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        with patch.object(Postgres, "stage", noted):
            yield parts
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


@contextmanager
def _site() -> Iterator[tuple[Engine, Path]]:
    """A server of its own, and a folder that it may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        started = server.start(folder / "server")
        engine = create_engine(started.url("psycopg", "warehouse"))
        try:
            yield engine, folder
        finally:
            engine.dispose()
            started.stop()


def _memory(count: int) -> int:
    """The most memory, in MiB, of a process that does nothing but release so many rows."""
    with _site() as (engine, folder):
        _commit(engine, Lake(str(folder / "lake")), LISTINGS, count, 0)
        line = multiprocessing.get_context("spawn").Queue()
        url = engine.url.render_as_string(hide_password=False)
        child = multiprocessing.get_context("spawn").Process(target=_released, args=(url, folder / "lake", line))
        child.start()
        found = int(line.get(timeout=600))
        child.join()
        return found


def _released(url: str, folder: Path, line: Any) -> None:
    lake, mart = Lake(str(folder)), LISTINGS
    state = lake.state("gold", mart.name)
    assert state is not None
    with watched() as peak:
        releases.release(create_engine(url), lake, {mart.name: state}, "run", {mart.name: mart})
    line.put(peak.megabytes)


def _shown(times: Times, title: str) -> Table:
    shown, bare = Table("what", "seconds", "of the bare COPY", title=title), times.of("bare COPY")
    for what in times.found:
        shown.add_row(what, f"{times.of(what):.2f}", f"{times.of(what) / bare:.2f}")
    return shown


if __name__ == "__main__":
    main()
