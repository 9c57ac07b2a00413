"""The lake: where tables stand, and the state that each table's newest commit carries; needs no JVM."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError
from pydantic import TypeAdapter

from lakehouse import s3
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings

Layer = Literal["bronze", "silver", "history", "gold", "derived", "quarantine", "ledger"]
FOLDERS: dict[Layer, str] = {
    "bronze": "raw_data/{}",
    "silver": "curated/{}",
    "history": "curated/{}_history",
    "derived": "curated/{}",
    "gold": "presentation/{}",
    "quarantine": "quarantine/{}",
    "ledger": "_ledger/{}",
}
MAINTENANCE = ("OPTIMIZE", "VACUUM START", "VACUUM END")  # commits that change no row
HISTORY_STEPS = (5, 20, None)


@dataclass(frozen=True)
class RangeSum:
    """Count and checksum of the keys in [low, high); None is open; values are the column's SQL text."""

    low: str | None
    high: str | None
    checksum: Checksum


@dataclass(frozen=True)
class LoadPlan:
    """A first or full load: the bound of every chunk, the key ranges, and how many are done.

    `begun` is the source's clock before the first chunk was read, in microseconds.
    """

    horizon: int | None
    bounds: tuple[str, ...]
    done: int
    tail: Checksum = NOTHING
    begun: int = 0

    @property
    def chunks(self) -> int:
        """How many commits the load takes."""
        return len(self.bounds) + 1

    @property
    def finished(self) -> bool:
        """True when the last chunk is committed."""
        return self.done == self.chunks


@dataclass(frozen=True)
class State:
    """What a commit says of itself. `seq` is the commit number of this table, from 1.

    Attributes:
        table: Layer and name, such as `bronze/bookings`.
        inputs: The sequences of the tables that this one has consumed.
        watermark: Highest cursor value that is certainly read, in microseconds; carried along.
        tail: Count and checksum, at the source, of the rows that the next window reads again.
        ranges: Checksums per key range that bronze is proven to equal (snapshot tables).
        fingerprint: Of the declaration and code that made the table; of bronze the table's `shape`.
        erased: The last commit that erased a person: what consumed less is made anew (bronze).
        periods: The periods of a mart that the commit replaced, as ISO dates; None: all of it.
        single: True while no key has more than one version: one load, and nothing after it (bronze).
        version: Delta version of the commit; found when reading.
        snapshot: The version to read its rows at, which a compaction may have made since; found when reading.
        committed_at: Milliseconds since 1970; found when reading.
    """

    table: str
    seq: int
    run_id: str
    kind: str
    inputs: dict[str, int] = field(default_factory=dict)
    watermark: int | None = None
    window: tuple[int, int] | None = None
    tail: Checksum = NOTHING
    load: LoadPlan | None = None
    ranges: tuple[RangeSum, ...] = ()
    fingerprint: str = ""
    as_of: str | None = None
    checksum: Checksum = NOTHING
    periods: tuple[str, ...] | None = None
    single: bool = False
    erased: int = 0
    version: int = -1
    snapshot: int = -1
    committed_at: int = -1

    @property
    def commit(self) -> str:
        """The name of the commit, which no other lake has."""
        return f"{self.seq}/{self.run_id}"

    @property
    def usable(self) -> bool:
        """False while a first load is unfinished: no later layer may read the table."""
        return self.load is None or self.load.finished


def replaced(commits: Sequence[State]) -> frozenset[date] | None:
    """The periods that these commits of a mart replaced together; None where one of them wrote all of it."""
    found: frozenset[date] = frozenset()
    for commit in commits:
        if commit.periods is None:
            return None
        found |= {date.fromisoformat(period) for period in commit.periods}
    return found


STATE: TypeAdapter[State] = TypeAdapter(State)
FOUND = {"version", "snapshot", "committed_at"}


def _shown(history: Iterable[dict[str, Any]], is_ours: Callable[[dict[str, Any]], bool]) -> Iterator[dict[str, Any]]:
    """The entries of ours, newest first, each with the last version that shows its rows, `snapshot`."""
    last: int | None = None
    for entry in history:
        if is_ours(entry):
            yield entry | {"snapshot": entry["version"] if last is None else last}
            last = None
        elif entry.get("operation") not in MAINTENANCE:
            last = None
        elif last is None:
            last = int(entry["version"])


def _states(table: DeltaTable, limit: int | None) -> Iterator[State]:
    """The states in a table's history, newest first."""
    for entry in _shown(table.history(limit), lambda entry: bool(entry.get("userMetadata"))):
        told = STATE.validate_json(entry["userMetadata"])
        yield replace(
            told, version=entry["version"], snapshot=entry["snapshot"], committed_at=int(entry.get("timestamp", 0))
        )


def to_json(state: State) -> str:
    """The state as it stands in a commit."""
    text: str = STATE.dump_json(state, exclude=FOUND).decode()
    return text


@dataclass(frozen=True)
class Lake:
    """A lake below one root: a folder or an `s3://` address; there, `kms_key` encrypts what is written."""

    root: str
    kms_key: str | None = None

    @staticmethod
    def of(settings: Settings) -> Lake:
        """The lake that the settings name."""
        return Lake(settings.lake_root, settings.lake_kms_key)

    @property
    def is_on_s3(self) -> bool:
        """True where it is not a folder."""
        return self.root.startswith("s3://")

    def path(self, layer: Layer, name: str) -> str:
        """Where a table stands, for delta-rs and PyArrow."""
        return f"{self.root}/{FOLDERS[layer].format(name)}"

    def spark_path(self, layer: Layer, name: str) -> str:
        """Where a table stands, for Spark."""
        return self.for_spark(self.path(layer, name))

    @staticmethod
    def for_spark(path: str) -> str:
        """A path of ours in the spelling of Hadoop's file systems."""
        return path.replace("s3://", "s3a://", 1)

    def open(self, layer: Layer, name: str, version: int | None = None) -> DeltaTable | None:
        """The table, or None where there is none yet."""
        path = self.path(layer, name)
        try:
            return DeltaTable(path, version=version, storage_options=self.storage_options())
        except TableNotFoundError:
            return None

    def count(self, layer: Layer, name: str, where: pc.Expression | None = None) -> int:
        """Rows of a table; 0 where there is none."""
        table = self.open(layer, name)
        return 0 if table is None else int(table.to_pyarrow_dataset().count_rows(filter=where))

    def state(self, layer: Layer, name: str, seq: int | None = None) -> State | None:
        """The state of the table's newest commit of ours, or of the commit `seq`; maintenance commits carry none.

        Raises:
            Terminal: The table exists but no commit in its history carries a state.
        """
        table = self.open(layer, name)
        if table is None:
            return None
        newest = None
        for limit in HISTORY_STEPS:
            for found in _states(table, limit):
                newest = newest or found
                if found.seq == (newest.seq if seq is None else seq):
                    return found
        if newest is None:
            raise Terminal(f"{self.path(layer, name)} carries no state; was it written by another tool?")
        return None

    def commits(self, layer: Layer, name: str, first: int, last: int) -> tuple[State, ...]:
        """The states of a table's commits from one sequence to another, in order; none where the log lacks one."""
        table, wanted = self.open(layer, name), range(first, last + 1)
        if table is None or first < 1:
            return ()
        for limit in (len(wanted) + 20, None):
            found = {state.seq: state for state in _states(table, limit)}
            if all(seq in found for seq in wanted):
                return tuple(found[seq] for seq in wanted)
        return ()

    def newest(self, layer: Layer, name: str, column: str) -> datetime | None:
        """The latest time in a column of the live rows; None where there is none."""
        table = self.open(layer, name)
        if table is None:
            return None
        live = table.to_pyarrow_dataset().to_table(columns=[column], filter=pc.field("_deleted_at").is_null())
        found: datetime | None = pc.max(live.column(column)).as_py()
        return found

    def log_state(self, name: str) -> State | None:
        """The newest append to a table that is only appended to, as a state whose `seq` counts its versions."""
        table = self.open("ledger", name)
        if table is None:
            return None
        for limit in HISTORY_STEPS:
            for entry in _shown(table.history(limit), lambda entry: entry.get("operation") not in MAINTENANCE):
                version, shown = int(entry["version"]), int(entry["snapshot"])
                return State(f"ledger/{name}", version + 1, "", "append", version=version, snapshot=shown)
        return None

    def append(self, name: str, rows: pa.Table) -> None:
        """Writes rows behind the others of a table of the ledger."""
        write_deltalake(self.path("ledger", name), rows, mode="append", storage_options=self.storage_options())

    def get(self, name: str) -> bytes | None:
        """The content of a small object below the root; None where there is none.

        Raises:
            Terminal, Transient: It cannot be read.
        """
        path = f"{self.root}/{name}"
        if self.is_on_s3:
            return s3.read(path)
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Terminal(f"{path} cannot be read ({error.strerror})") from None

    def put(self, name: str, content: bytes, *, over: bool = True) -> bool:
        """Writes a small object below the root, whole or not at all; False where one is there and stays.

        Raises:
            Terminal, Transient: It cannot be written.
        """
        path = f"{self.root}/{name}"
        if self.is_on_s3:
            return s3.write(path, content, self.kms_key, over=over)
        target = Path(path)
        part = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            if over:
                part.replace(target)
            else:
                target.hardlink_to(part)
        except FileExistsError:
            return False
        except OSError as error:
            raise Terminal(f"{path} is not writable ({error.strerror}); change LAKEHOUSE_LAKE or its rights") from None
        finally:
            part.unlink(missing_ok=True)
        return True

    def check_writable(self) -> None:
        """Refuses a lake that cannot be written.

        Raises:
            Terminal: The folder or the bucket cannot be written.
            Transient: The S3 endpoint does not answer.
        """
        if self.is_on_s3:
            s3.check_writable(self.root, self.kms_key)
            return
        try:
            Path(self.root).mkdir(parents=True, exist_ok=True)
            probe = Path(self.root) / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise Terminal(
                f"lake {self.root} is not writable ({error.strerror}); change LAKEHOUSE_LAKE or its rights"
            ) from None

    def storage_options(self) -> dict[str, str] | None:
        """What delta-rs must be told beyond the standard AWS variables."""
        return s3.delta_options(self.kms_key) if self.is_on_s3 else None
