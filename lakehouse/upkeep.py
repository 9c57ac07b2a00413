"""Upkeep of the lake: small files are put together, and files that no version needs are removed. Needs no JVM.

Rows, states and sequences stay as they are. Where a run commits to a table first, its files wait for the next upkeep.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable, PostCommitHookProperties, WriterProperties
from deltalake.exceptions import CommitFailedError
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse import erasure_log, ledger, quality_log, upkeep_log
from lakehouse.contracts import Catalog, Terminal
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
        """
        held = holds(self.lake, catalog)
        for place in places(catalog, only):
            table = self.lake.open(*place)
            if table is None:
                continue
            record = self._tended(table, place, held.get(place))
            if not self.dry_run:
                upkeep_log.append(self.lake, [record])
            yield record

    def _tended(self, table: DeltaTable, place: Place, hold: Hold | None) -> UpkeepRecord:
        before, note = len(table.file_uris()), ""
        try:
            after = _at_best(table, place) if self.dry_run else _compacted(table, place)
        except CommitFailedError:
            after, note = before, "a run committed to it meanwhile: its small files wait for the next upkeep"
        now = datetime.now(UTC)
        table = DeltaTable(table.table_uri, storage_options=self.lake.storage_options())
        left = kept(self.lake, table, place, hold, now - timedelta(days=self.keep_days))
        old = {} if left.version is None else self._old(table, place, left.version, now - left.since)
        layer, name = place
        return UpkeepRecord(
            self.run_id, now, layer, name, before, after, len(old), sum(old.values()), left.since, left.why, note
        )

    def _old(self, table: DeltaTable, place: Place, version: int, age: timedelta) -> dict[str, int]:
        """Removes the files that only versions before this one had, and those that none ever had; returns their sizes."""
        asked = {"retention_hours": math.ceil(age / timedelta(hours=1)), "full": True, "keep_versions": [version]}
        found = table.vacuum(dry_run=True, **asked)
        if not found:
            return {}
        store = fs.PyFileSystem(DeltaStorageHandler(self.lake.path(*place), self.lake.storage_options()))
        sizes = {info.path: info.size for info in store.get_file_info(found)}
        if not self.dry_run:
            table.vacuum(dry_run=False, post_commithook_properties=NO_HOOKS, **asked)
        return sizes


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
    small = [size for size in sizes if size < target]
    return len(sizes) - len(small) + math.ceil(sum(small) / target)


def _size(table: DeltaTable, place: Place) -> int:
    """Bytes that a file should have; a mart keeps the files of neighbouring periods that its build lays out."""
    if place[0] not in ("gold", "derived"):
        return FILE_BYTES
    files = table.get_add_actions()
    rows, size = (sum(n or 0 for n in files.column(name).to_pylist()) for name in ("num_records", "size_bytes"))
    return min(FILE_BYTES, max(1, size * ROWS_PER_FILE // rows)) if rows else FILE_BYTES
