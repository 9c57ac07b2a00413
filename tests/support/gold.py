"""Marts written into a lake without Spark, for those who test what comes after gold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from lakehouse.checksum import Checksum
from lakehouse.lake import Lake, State, to_json


def write(
    lake: Lake, name: str, rows: pa.Table, periods: tuple[str, ...] | None = None, run: str | None = None
) -> State:
    """A mart's next commit, with the checksum that Spark would have given it, as one that replaced these periods."""
    before = lake.state("gold", name)
    seq = before.seq + 1 if before else 1
    state = State(
        f"gold/{name}", seq, run or f"run{seq}", "build", checksum=checksum(rows.to_pylist()), periods=periods
    )
    said = CommitProperties(custom_metadata={"userMetadata": to_json(state)})
    write_deltalake(
        lake.path("gold", name), rows, mode="overwrite", schema_mode="overwrite", commit_properties=said,
        storage_options=lake.storage_options(),
    )  # fmt: skip
    found = lake.state("gold", name)
    assert found is not None
    return found


def checksum(rows: Iterable[dict[str, Any]]) -> Checksum:
    """The one checksum, in plain Python."""
    texts = ["|".join(part for value in row.values() for part in _parts(value)) for row in rows]
    return Checksum(len(texts), sum(int(hashlib.md5(t.encode()).hexdigest()[:13], 16) for t in texts))


def _parts(value: Any) -> Iterator[str]:
    if value is None:
        yield "~"
    elif isinstance(value, str):
        yield from (str(len(value)), value)
    else:
        yield str(int(value)) if isinstance(value, bool) else str(value)
