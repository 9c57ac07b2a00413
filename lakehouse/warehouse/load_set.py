"""Rows written for COPY: Parquet files below the lake's `_load/`, and the manifest that names them."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from lakehouse import s3
from lakehouse.contracts import Terminal, Transient
from lakehouse.lake import Lake
from lakehouse.warehouse.rows import Rows

FOLDER = "_load"
ROWS_PER_FILE, BATCHES_PER_GROUP = 1_000_000, 12


class File(NamedTuple):
    """An object of the load set, and its length in bytes."""

    key: str
    length: int


@contextmanager
def load_set(lake: Lake, source: Rows) -> Iterator[str]:
    """The address of a manifest of these rows, columns in their order; all of it is gone afterwards.

    Raises:
        Terminal: The lake is no S3 address, or S3 refuses the write.
        Transient: S3 does not answer.
    """
    if not lake.is_on_s3:
        raise Terminal(f"Redshift loads from S3 only, and the lake is {lake.root}; set LAKEHOUSE_LAKE to s3://…")
    bucket, _, prefix = lake.root.removeprefix("s3://").partition("/")
    folder = f"{prefix}/{FOLDER}/{uuid.uuid4().hex}".lstrip("/")
    manifest, written = f"{folder}/manifest", list[File]()
    try:
        client, encryption = s3.client(), s3.encryption(lake.kms_key)
        try:
            for file, body in _files(source, folder):
                body.seek(0)
                client.put_object(Bucket=bucket, Key=file.key, Body=body, **encryption)
                written.append(file)
            client.put_object(Bucket=bucket, Key=manifest, Body=_manifest(bucket, written), **encryption)
            yield f"s3://{bucket}/{manifest}"
        finally:
            with suppress(BotoCoreError, ClientError):  # the bucket's lifecycle removes what is left
                for key in (*(file.key for file in written), manifest):
                    client.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise Terminal(f"{lake.root}/{FOLDER} is not writable ({code}); check the rights of the role") from None
    except BotoCoreError as error:
        raise Transient(f"{lake.root}: S3 does not answer ({type(error).__name__}); try again") from None


def _files(source: Rows, folder: str) -> Iterator[tuple[File, IO[bytes]]]:
    """One file after the other, each on disk until the next is asked for; one of no rows where there are none."""
    batches, number, more = source.batches(), 0, True
    while more:
        with tempfile.TemporaryFile() as body:
            more = _filled(body, source, batches)
            yield File(f"{folder}/{number:05}.parquet", body.tell()), body
        number += 1


def _filled(body: IO[bytes], source: Rows, batches: Iterator[Any]) -> bool:
    """Writes batches until a file is full; False where none is left."""
    rows = 0
    with pq.ParquetWriter(body, source.schema, compression="zstd") as writer:
        while group := list(islice(batches, BATCHES_PER_GROUP)):
            writer.write_table(pa.Table.from_batches(group))
            rows += sum(batch.num_rows for batch in group)
            if rows >= ROWS_PER_FILE:
                return True
    return False


def _manifest(bucket: str, files: list[File]) -> bytes:
    entries = [
        {"url": f"s3://{bucket}/{file.key}", "mandatory": True, "meta": {"content_length": file.length}}
        for file in files
    ]
    return json.dumps({"entries": entries}).encode()
