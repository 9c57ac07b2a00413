"""Removes for good what a table of the lake no longer shows: old files, and the commits that told of them.

Only files that a commit has removed are taken, or that nobody has claimed for a day: what a run writes now stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse.lake import Lake, Layer

LOG = "_delta_log"
UNCLAIMED_HOURS = 24
DIGITS = 20


@dataclass(frozen=True)
class Purged:
    """Data files and log entries that are gone, and files with rows left that belong to no commit."""

    files: int
    entries: int
    unclaimed: int


def purge(lake: Lake, layer: Layer, name: str) -> Purged:
    """Leaves of a table what its newest commit of ours shows; time travel to before it is no longer possible.

    Statistics of old files, with their lowest and highest values, go with the log entries that hold them.
    """
    state, path, options = lake.state(layer, name), lake.path(layer, name), lake.storage_options()
    if state is None:
        return Purged(0, 0, 0)
    DeltaTable(path, version=state.version, storage_options=options).create_checkpoint()
    table = DeltaTable(path, storage_options=options)
    removed = table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    removed += table.vacuum(UNCLAIMED_HOURS, dry_run=False, enforce_retention_duration=False, full=True)
    store = fs.PyFileSystem(DeltaStorageHandler(path, options))
    entries = [info.path for info in store.get_file_info(fs.FileSelector(LOG)) if _version(info) < state.version]
    for entry in entries:
        store.delete_file(entry)
    held = {file.rpartition("/")[2] for file in DeltaTable(path, storage_options=options).file_uris()}
    files = store.get_file_info(fs.FileSelector("", recursive=False))
    spare = [f.path for f in files if f.base_name.endswith(".parquet") and f.base_name not in held]
    unclaimed = [path for path in spare if _has_rows(store, path)]
    return Purged(len(removed), len(entries), len(unclaimed))


def _has_rows(store: fs.FileSystem, path: str) -> bool:
    """False of the empty files that Spark leaves beside a commit without rows; true of what breaks off."""
    try:
        return bool(pq.read_metadata(path, filesystem=store).num_rows)
    except (OSError, pa.ArrowException):
        return True


def _version(info: fs.FileInfo) -> float:
    """The version that an entry of the log is of; infinite for what is none."""
    number = info.base_name[:DIGITS]
    return int(number) if info.type == fs.FileType.File and number.isdigit() else float("inf")
