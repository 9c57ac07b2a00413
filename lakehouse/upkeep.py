"""Upkeep of the lake: small files are put together, and files that no version needs are removed. Needs no JVM.

Rows, states and sequences stay as they are. Where a run commits to a table first, its files wait for the next upkeep.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from deltalake import DeltaTable, PostCommitHookProperties, WriterProperties
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse import erasure_log, ledger, quality_log, upkeep_log
from lakehouse.contracts import Catalog, PipelineError, Terminal
from lakehouse.gold import ROWS_PER_FILE
from lakehouse.lake import Lake
from lakehouse.pins import layer_of
from lakehouse.retention import Hold, Place, holds, kept
from lakehouse.silver import LAYERS
from lakehouse.upkeep_log import UpkeepRecord

LEAST_DAYS = 7
FILE_BYTES = 128 * 2**20
LEDGERS = (ledger.NAME, quality_log.NAME, erasure_log.NAME, upkeep_log.NAME)
WRITER = WriterProperties(compression="ZSTD")
NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)  # states live in the log


@dataclass(frozen=True)
class Upkeep:
    """What is asked for: how many days old versions stay, and whether to look only."""

    lake: Lake
    run_id: str
    keep_days: int
    dry_run: bool

    @staticmethod
    def of(lake: Lake, keep_days: int = LEAST_DAYS, *, dry_run: bool = False) -> Upkeep:
        """A new upkeep.

        Raises:
            Terminal: Fewer days than a run, or whoever reads the lake, may take.
        """
        if keep_days < LEAST_DAYS:
            raise Terminal(f"old versions stay {LEAST_DAYS} days or more, not {keep_days}: a run may read them yet")
        return Upkeep(lake, uuid.uuid4().hex[:12], keep_days, dry_run)

    def tend(self, catalog: Catalog, only: Collection[str] = ()) -> Iterator[UpkeepRecord]:
        """Tends one table after the other, and leaves a line of each in the ledger.

        Args:
            catalog: All tables and marts.
            only: Tables of the source; with these, their layers alone are tended.

        Raises:
            Terminal: One of these is not there.
        """
        for name in only:
            if name not in catalog.tables:
                raise Terminal(f"there is no table {name}; there are {', '.join(sorted(catalog.tables))}")
        held, found = holds(self.lake, catalog), list[UpkeepRecord]()
        try:
            for place in places(catalog, only):
                table = self.lake.open(*place)
                if table is not None:
                    found.append(self._tended(table, place, held.get(place)))
                    yield found[-1]
        finally:
            if found and not self.dry_run:
                upkeep_log.append(self.lake, found)

    def _tended(self, table: DeltaTable, place: Place, hold: Hold | None) -> UpkeepRecord:
        record = UpkeepRecord(self.run_id, datetime.now(UTC), *place)
        try:
            return self._vacuumed(self._packed(record, table, place), place, hold)
        except (PipelineError, DeltaError, OSError) as error:
            return replace(record, error=f"{type(error).__name__}: {error}")

    def _packed(self, record: UpkeepRecord, table: DeltaTable, place: Place) -> UpkeepRecord:
        before = len(table.file_uris())
        record = replace(record, files_before=before, files_after=before)
        try:
            return replace(record, files_after=_at_best(table, place) if self.dry_run else _compacted(table, place))
        except CommitFailedError:
            return replace(record, note="a run committed to it meanwhile: its small files wait for the next upkeep")

    def _vacuumed(self, record: UpkeepRecord, place: Place, hold: Hold | None) -> UpkeepRecord:
        table, now = self.lake.open(*place), datetime.now(UTC)
        assert table is not None
        left = kept(self.lake, table, place, hold, now - timedelta(days=self.keep_days))
        record = replace(record, ended_at=now, kept_since=left.since, why=left.why)
        if left.version is None:
            return record
        hours = math.ceil((now - left.since) / timedelta(hours=1))
        vacuum = partial(table.vacuum, hours, full=True, keep_versions=[left.version])
        store = fs.PyFileSystem(DeltaStorageHandler(self.lake.path(*place), self.lake.storage_options()))
        told = store.get_file_info(vacuum(dry_run=True))  # those that an earlier upkeep has removed are told again
        sizes = [info.size or 0 for info in told if info.type == fs.FileType.File]
        if sizes and not self.dry_run:
            vacuum(dry_run=False, post_commithook_properties=NO_HOOKS)
        return replace(record, removed=len(sizes), freed=sum(sizes))


def places(catalog: Catalog, only: Collection[str] = ()) -> Iterator[Place]:
    """All tables of the lake, or those of some tables of the source."""
    for name in sorted(only or catalog.tables):
        yield from ((layer, name) for layer in ("bronze", *LAYERS))
    if not only:
        yield from ((layer_of(recipe), name) for name, recipe in sorted(catalog.marts.items()))
        yield from (("ledger", name) for name in LEDGERS)


def _compacted(table: DeltaTable, place: Place) -> int:
    """Puts small files together in one commit that changes no row and carries no state; returns how many are left."""
    size = _size(table, place)
    table.optimize.compact(target_size=size, writer_properties=WRITER, post_commithook_properties=NO_HOOKS)
    return len(table.file_uris())


def _at_best(table: DeltaTable, place: Place) -> int:
    """How many files a compaction would leave, if it could fill each."""
    target, sizes = _size(table, place), table.get_add_actions().column("size_bytes").to_pylist()
    small = [int(size) for size in sizes if size < target]
    return len(sizes) - len(small) + math.ceil(sum(small) / target)


def _size(table: DeltaTable, place: Place) -> int:
    """Bytes that a file should have; a mart keeps the files of neighbouring periods that its build lays out."""
    if place[0] not in ("gold", "derived"):
        return FILE_BYTES
    files = table.get_add_actions()
    rows, size = (sum(int(n or 0) for n in files.column(name).to_pylist()) for name in ("num_records", "size_bytes"))
    return min(FILE_BYTES, max(1, size * ROWS_PER_FILE // rows)) if rows else FILE_BYTES
