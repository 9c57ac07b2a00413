"""`python -m benchmarks.release [ROWS]`: what a release to PostgreSQL costs beside a bare binary COPY, as ratios.

In one run on one server, in turns: bare COPYs of the mart, from a file of the server and from STDIN, into a table of no
key and into one as the mart declares it; the stage step of a release; a whole release that replaces every row of the
mart, and its parts. A small and a ten times larger release tell whether memory grows with the rows.

Stage step and release are limited against a COPY from the server's file: the stage step into a table of no key, as it
has none; the release into the mart as declared, for either keeps its key. Beside a COPY that keeps none, a release does
not hold the limit: the key alone makes a COPY two (wide rows) to four times (narrow rows) as long. Both are printed.
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
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from deltalake import CommitProperties, WriterProperties, write_deltalake
from pgpq import ArrowToPostgresBinaryEncoder
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine, create_engine, event

from benchmarks.family import watched
from demo.servers import postgres as server
from lakehouse.contracts import Mart, MartColumn
from lakehouse.lake import Lake, State, to_json
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.dialect import measure, table
from lakehouse.warehouse.postgres import Postgres
from lakehouse.warehouse.rows import Rows, rows

ROWS, ROUNDS, SMALL, TIMES = 1_000_000, 3, 200_000, 10
STAGE_LEAST, RELEASE_MOST, GROWTH_MOST = 0.6, 5.0, 1.2
KINDS = {"BIGINT": pa.int64(), "DATE": pa.date32(), "STRING": pa.string(), "BOOLEAN": pa.bool_()}
PARTS = {
    "SELECT release": "difference", "load_log": "log", "CREATE TEMPORARY": "stage", "DELETE": "delete",
    "INSERT": "insert", "SUM(": "verify", "COMMIT": "commit",
}  # fmt: skip
BEFORE = "look at the tables"
BATCH, CHUNK, ROWS_PER_FILE = 8192, 1 << 20, 250_000


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


@dataclass(frozen=True)
class Bare:
    """A COPY of a whole mart, and nothing else."""

    source: Literal["file", "STDIN"] = "file"
    with_key: bool = False

    def __str__(self) -> str:
        return f"bare COPY from {self.source}, {'key' if self.with_key else 'no key'}"


PLAIN, KEYED = Bare(), Bare(with_key=True)
BARE = (PLAIN, Bare("STDIN"), KEYED, Bare("STDIN", with_key=True))


@dataclass
class Times:
    """Seconds of each round, by what was done."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: object, seconds: float) -> None:
        """One more round."""
        self.found.setdefault(str(what), []).append(seconds)

    def of(self, what: object) -> float:
        """The median."""
        return median(self.found[str(what)])

    def ratio(self, what: object, other: object) -> float:
        """How many times as long as something else it took."""
        return self.of(what) / self.of(other)


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
        stage, whole = times.ratio(PLAIN, "stage step"), times.ratio("release", KEYED)
        alone, keyless = times.ratio(KEYED, PLAIN), times.ratio("release", PLAIN)
        say(
            f"stage step: {stage:.2f} of the speed of a {PLAIN} (at least {STAGE_LEAST}); release: {whole:.1f} times "
            f"a {KEYED} (at most {RELEASE_MOST}). Beside a {PLAIN}, where the key alone makes a COPY {alone:.1f} times "
            f"as long, the release takes {keyless:.1f} times: that {'is' if keyless > RELEASE_MOST else 'is not'} "
            f"beyond {RELEASE_MOST}\n"
        )
        failed += [f"{mart.name}: stage at {stage:.2f} of the bare COPY's speed"] if stage < STAGE_LEAST else []
        failed += [f"{mart.name}: release {whole:.1f} times the COPY with its key"] if whole > RELEASE_MOST else []
    few, many = (_memory(count) for count in (SMALL, SMALL * TIMES))
    say(f"memory of a release: {few} MB, of {TIMES} times the rows {many} MB (at most {GROWTH_MOST} times)")
    failed += [f"memory grows from {few} to {many} MB"] if many > few * GROWTH_MOST else []
    if failed:
        sys.exit("; ".join(failed))


def measured(engine: Engine, folder: Path, mart: Mart, count: int, rounds: int) -> Times:
    """What bare COPYs, the stage step and a whole release of a mart took, in turns."""
    lake, times = Lake(str(folder / "lake")), Times()
    for number in range(rounds + 1):
        state = _commit(engine, lake, mart, count, number)
        with _parts(engine) as parts:
            releases.release(engine, lake, {mart.name: state}, f"run{number}", {mart.name: mart})
        if number:  # the first release makes the table
            file = _encoded(rows(lake, mart, state), folder / "rows.bin")
            for bare in BARE:
                times.add(bare, _copied(engine, file, mart, bare))
            times.add("stage step", _staged(engine, lake, mart, state))
            times.add("release", sum(parts.values()))
            for part in (BEFORE, *PARTS.values()):
                times.add(f"  {part}", parts[part])
    return times


def _encoded(source: Rows, path: Path) -> Path:
    encoder = ArrowToPostgresBinaryEncoder(source.schema)
    with path.open("wb") as file:
        file.write(encoder.write_header())
        for batch in source.batches():
            file.write(encoder.write_batch(batch))
        file.write(encoder.finish())
    return path


def _copied(engine: Engine, file: Path, mart: Mart, bare: Bare) -> float:
    """Seconds of a COPY into a new table."""
    with engine.begin() as connection:
        key = " INCLUDING INDEXES" if bare.with_key else ""
        connection.exec_driver_sql(f"CREATE TABLE bare (LIKE {table(Postgres(), mart.name)}{key})")
        began = time.monotonic()
        if bare.source == "file":
            connection.exec_driver_sql(f"COPY bare FROM '{file}' (FORMAT binary)")
        else:
            _sent(connection, file)
        took = time.monotonic() - began
        connection.exec_driver_sql("DROP TABLE bare")
        return took


def _sent(connection: Connection, path: Path) -> None:
    raw: Any = connection.connection.driver_connection
    with path.open("rb") as file, raw.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT binary)") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)


def _staged(engine: Engine, lake: Lake, mart: Mart, state: State) -> float:
    """Seconds of the stage step alone."""
    with engine.begin() as connection:
        began = time.monotonic()
        Postgres().stage(connection, lake, "stage_bench", rows(lake, mart, state))
        took = time.monotonic() - began
        connection.exec_driver_sql("DROP TABLE stage_bench")
        return took


def _commit(engine: Engine, lake: Lake, mart: Mart, count: int, number: int) -> State:
    """Makes rows the mart's next gold commit, as large as gold's at a time; their checksum is the server's own."""
    made = _made(mart, count, number)
    source = Rows(made.schema, partial(made.to_batches, BATCH))
    with engine.begin() as connection:
        Postgres().stage(connection, lake, "stage_made", source)
        found = measure(connection, Postgres(), "stage_made", source.fields)
        connection.exec_driver_sql("DROP TABLE stage_made")
    state = State(f"gold/{mart.name}", number + 1, f"run{number}", "build", checksum=found)
    said = CommitProperties(custom_metadata={"userMetadata": to_json(state)})
    laid_out = WriterProperties(max_row_group_size=ROWS_PER_FILE)
    path = lake.path("gold", mart.name)
    write_deltalake(path, made, mode="overwrite", commit_properties=said, writer_properties=laid_out)
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
    """Seconds of the parts of a release, while a block lasts: each from its first statement to that of the next."""
    parts, marks = dict.fromkeys((BEFORE, *PARTS.values()), 0.0), [(time.monotonic(), BEFORE)]

    def mark(statement: str) -> None:
        part = next((part for words, part in PARTS.items() if words in statement), BEFORE)
        marks.append((time.monotonic(), part))

    def before(_: object, __: object, statement: str, *___: object) -> None:
        mark(statement)

    def commit(_: object) -> None:
        mark("COMMIT")

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", commit)
    try:
        yield parts
    finally:
        marks.append((time.monotonic(), BEFORE))
        for (began, part), (ended, _) in pairwise(marks):
            parts[part] += ended - began
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "commit", commit)


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
    shown = Table("what", "seconds", "of the bare COPY", "of that with the key", title=title)
    for what in times.found:
        ratios = (f"{times.ratio(what, bare):.2f}" for bare in (PLAIN, KEYED))
        shown.add_row(what, f"{times.of(what):.2f}", *ratios)
    return shown


if __name__ == "__main__":
    main()
