"""Delta tables on a disk that are older than they are: every commit and file was made some days before."""

import json
import os
from datetime import timedelta
from pathlib import Path

STAMPS = {"commitInfo": "timestamp", "add": "modificationTime", "remove": "deletionTimestamp"}


def age(table: str, days: float) -> None:
    """Moves all commits and files of a table into the past; checkpoints are gone, for they tell other times."""
    moved = timedelta(days=days)
    log = Path(table) / "_delta_log"
    for checkpoint in [*log.glob("*.checkpoint*.parquet"), log / "_last_checkpoint"]:
        checkpoint.unlink(missing_ok=True)
    for entry in log.glob("*.json"):
        lines = [json.loads(line) for line in entry.read_text().splitlines()]
        entry.write_text("".join(json.dumps(_moved(line, moved)) + "\n" for line in lines))
    for file in [path for path in Path(table).rglob("*") if path.is_file()]:
        at = file.stat().st_mtime - moved.total_seconds()
        os.utime(file, (at, at))


def _moved(action: dict, by: timedelta) -> dict:
    for kind, stamp in STAMPS.items():
        if stamp in action.get(kind, {}):
            action[kind][stamp] -= int(by.total_seconds() * 1000)
    return action
