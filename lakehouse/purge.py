"""Removes for good what a table of the lake no longer shows: old files, and the commits that told of them.

Only files that a commit has removed are taken, or that nobody has claimed for a day: what a run writes now stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse.lake import Lake, Layer

LOG, IMAGES = "_delta_log", "_change_data"
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
    log = store.get_file_info(fs.FileSelector(LOG))
    entries = [info.path for info in log if _version(info) < state.version]
    gone = [file for entry in entries for file in _images(store, entry) if _is_file(store, file)]
    for entry in [*gone, *entries]:
        store.delete_file(entry)
    told = [file for info in log if info.path not in entries for file in _images(store, info.path)]
    held = {file.rpartition("/")[2] for file in [*DeltaTable(path, storage_options=options).file_uris(), *told]}
    folders = [fs.FileSelector(""), fs.FileSelector(IMAGES, allow_not_found=True)]
    files = [info for folder in folders for info in store.get_file_info(folder)]
    spare = [f.path for f in files if f.base_name.endswith(".parquet") and f.base_name not in held]
    unclaimed = [path for path in spare if _has_rows(store, path)]
    return Purged(len(removed) + len(gone), len(entries), len(unclaimed))


def _images(store: fs.FileSystem, entry: str) -> list[str]:
    """The files in which an entry of the log keeps the rows before and after its changes."""
    if not entry.endswith(".json"):
        return []
    with store.open_input_file(entry) as file:
        actions = [json.loads(line) for line in file.read().decode().splitlines() if line.startswith('{"cdc"')]
    return [unquote(action["cdc"]["path"]) for action in actions]


def _is_file(store: fs.FileSystem, path: str) -> bool:
    return bool(store.get_file_info(path).type == fs.FileType.File)


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
