"""Silver, history and quarantine of the table of `tests/support/bronze.py`, from all its versions, slow and plain.

The tombstone of a deleted row repeats the last values, and is judged by them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.support.bronze import Version, moment, read_at

KINDS = ("red", "blue")
Commits = Sequence[Sequence[Version]]
Seen = tuple[int, Version]
Row = dict[str, Any]


def broken(version: Version) -> list[str]:
    """The rules that a version breaks, in the order in which they are blamed."""
    found = []
    if version.kind is not None and version.kind.strip().lower() not in KINDS:
        found.append("kind_unknown")
    if version.size is not None and not 0 <= version.size <= 99:
        found.append("size_in_range")
    return found


def clean(version: Version) -> Row:
    """The typed values."""
    kind = None if version.kind is None else version.kind.strip().lower()
    return {"id": version.id, "kind": kind, "size": version.size, "changed_at": moment(version.at)}


def by_key(commits: Commits) -> dict[int, list[Seen]]:
    """All versions of each key, in the order of their commits."""
    found: dict[int, list[Seen]] = {}
    for seq, versions in enumerate(commits, start=1):
        for version in versions:
            found.setdefault(version.id, []).append((seq, version))
    return found


def silver(commits: Commits) -> list[Row]:
    """The latest version of each key, if it is clean; dated where it was deleted."""
    rows = []
    for versions in by_key(commits).values():
        seq, last = versions[-1]
        if not broken(last):
            rows.append({**clean(last), "_deleted_at": read_at(seq) if last.deleted else None, "_seq": seq})
    return rows


def quarantine(commits: Commits) -> list[Row]:
    """The latest version of each key, untouched, if it is there and broken; seen since it has been so."""
    rows = []
    for versions in by_key(commits).values():
        seq, last = versions[-1]
        if not broken(last) or last.deleted:
            continue
        first = seq
        for earlier, version in reversed(versions):
            if version.deleted or not broken(version):
                break
            first = earlier
        rows.append({
            "id": last.id, "kind": last.kind, "size": last.size, "changed_at": moment(last.at),
            "_rule": broken(last)[0], "_reason": ", ".join(broken(last)), "_run_id": f"w{seq}", "_seq": seq,
            "_first_seen": read_at(first), "_last_seen": read_at(seq),
        })  # fmt: skip
    return rows


def history(commits: Commits) -> list[Row]:
    """Each clean version of a key that is clean now, from its stamp to that of the next or to its deletion.

    Time never runs backwards: a version begins no earlier than the one before it.
    """
    rows = []
    for versions in by_key(commits).values():
        if broken(versions[-1][1]):
            continue
        known = [(seq, version) for seq, version in versions if not broken(version)]
        begins: list[datetime] = []
        for seq, version in known:
            stamp = read_at(seq) if version.deleted else moment(version.at)
            begins.append(max([stamp, *begins]))
        ends = [*begins[1:], None]
        for (seq, version), begin, end in zip(known, begins, ends, strict=True):
            if not version.deleted:
                rows.append({
                    **clean(version), "valid_from": begin, "valid_to": end, "is_current": end is None, "_seq": seq
                })  # fmt: skip
    return rows
