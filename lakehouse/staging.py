"""Folders for rows on their way to bronze: each is locked by the process that fills it, and swept once that is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def room(root: Path, table: str) -> Iterator[str]:
    """A fresh folder below `root` for one read of a table, gone afterwards."""
    home = _home(root, table)
    home.mkdir(parents=True, exist_ok=True)
    folder, lock = _claim(home)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(root: Path, table: str) -> None:
    """Removes what dead runs of a table left; the folder of a living one stays."""
    home = _home(root, table)
    for left in home.iterdir() if home.is_dir() else ():
        _sweep(left)


def _home(root: Path, table: str) -> Path:
    return root / table


def _claim(home: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=home))
        lock = _locked(folder)
        if lock is not None and folder.exists():
            return folder, lock
        if lock is not None:  # swept by another process before we held it
            os.close(lock)


def _sweep(folder: Path) -> None:
    lock = _locked(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int | None:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
