"""Removes for good what a table of the lake no longer shows: old files, and the commits that told of them.

Only files that a commit has removed are taken, or that nobody has claimed for a day: what a run writes now stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse.lake import Lake, Layer

LOG, CHANGES = "_delta_log", "_change_data"
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

    Statistics of old files, with their lowest and highest values, go with the log entries that hold them; what rows
    were before they changed goes with the commits that changed them.
    """
    state, path, options = lake.state(layer, name), lake.path(layer, name), lake.storage_options()
    if state is None:
        return Purged(0, 0, 0)
    DeltaTable(path, version=state.version, storage_options=options).create_checkpoint()
    table = DeltaTable(path, storage_options=options)
    removed = table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    removed += table.vacuum(UNCLAIMED_HOURS, dry_run=False, enforce_retention_duration=False, full=True)
    store = fs.PyFileSystem(DeltaStorageHandler(path, options))
    log = store.get_file_info(fs.FileSelector(LOG))
    old = [info.path for info in log if _version(info) < state.version]
    kept = [info.path for info in log if info.path not in old]
    changes = _claimed(store, old) & _files(store, CHANGES) if _files(store, CHANGES) else set()
    for file in (*changes, *old):
        store.delete_file(file)
    held = {uri.rpartition("/")[2] for uri in DeltaTable(path, storage_options=options).file_uris()}
    spare = {f for f in _files(store, "") if f.endswith(".parquet")} - held
    spare |= _files(store, CHANGES) - _claimed(store, kept)
    unclaimed = [path for path in spare if _has_rows(store, path)]
    return Purged(len(removed) + len(changes), len(old), len(unclaimed))


def _files(store: fs.FileSystem, folder: str) -> set[str]:
    found = store.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return {info.path for info in found if info.type == fs.FileType.File}


def _claimed(store: fs.FileSystem, entries: Iterable[str]) -> set[str]:
    """The files that tell what rows were before and after the commits of these entries."""
    return {path for entry in entries if entry.endswith(".json") for path in _changes_of(store, entry)}


def _changes_of(store: fs.FileSystem, entry: str) -> Iterator[str]:
    with store.open_input_file(entry) as file:
        actions = map(json.loads, file.read().splitlines())
    yield from (unquote(action["cdc"]["path"]) for action in actions if "cdc" in action)


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
