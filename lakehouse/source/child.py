"""`python -m lakehouse.source.child`: one read in a process of its own, so that it can be watched and ended.

Takes a `Job` as JSON on stdin; tells on stdout, a line of JSON each, the rows so far and then an `Outcome`.
"""

from __future__ import annotations

import base64
import ctypes
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute

PARENT_DIED = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Job:
    """What to read and where to put it; the address holds the password, so a job is never shown.

    Attributes:
        url: Address for connectorx.
        pins: Statements that fix the session.
        sql: The one statement.
        proof: Names of the four columns that carry the source's proof, empty for none.
        schema: Arrow schema of the staged file, serialised, in base64.
        batch_rows: Rows in memory at a time.
        path: The Parquet file to write.
    """

    url: str
    pins: list[str]
    sql: str
    proof: list[str]
    schema: str
    batch_rows: int
    path: str


@dataclass(frozen=True)
class Outcome:
    """How a read ended: the rows and the proof found behind them, or what broke it.

    `misfit` names the column whose value does not fit its declared type.
    """

    rows: int = 0
    proof: tuple[int, int, int, int] | None = None
    error: str = ""
    misfit: str = ""


class MisfitError(Exception):
    """A value that does not fit the declared type of this column."""


def read(job: Job) -> Outcome:
    """Stages all rows of a statement."""
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(job.schema)))
    rows, proof = 0, None
    with pq.ParquetWriter(job.path, schema, compression="zstd") as writer:
        for batch in _batches(job):
            data, found = _split(batch, job.proof) if job.proof else (batch, None)
            proof = proof or found
            rows += data.num_rows
            writer.write_batch(_typed(data, schema))
            _tell({"rows": rows})
    return Outcome(rows, proof)


def _batches(job: Job) -> Iterator[pa.RecordBatch]:
    import connectorx  # noqa: PLC0415

    yield from connectorx.read_sql(
        job.url,
        job.sql,
        return_type="arrow_stream",
        batch_size=job.batch_rows,
        protocol="binary",
        pre_execution_query=job.pins,
    )


def _split(batch: pa.RecordBatch, proof: list[str]) -> tuple[pa.RecordBatch, tuple[int, int, int, int] | None]:
    count = compute.cast(batch.column(proof[0]), pa.int64())
    trailer = batch.filter(compute.greater_equal(count, 0))
    if trailer.num_rows == 0:
        return batch, None
    n, total, tail_n, tail_total = (int(trailer.column(name)[0].as_py()) for name in proof)
    return batch.filter(compute.less(count, 0)), (n, total, tail_n, tail_total)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_cast(batch.column(f.name), f) for f in schema], schema=schema)


def _cast(array: pa.Array, field: pa.Field) -> pa.Array:
    if array.type == field.type:
        return array
    try:
        if pa.types.is_timestamp(array.type):
            array = array.cast(pa.timestamp("us"))
        return array.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise MisfitError(field.name) from error


def _tell(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Reads the job, does it, and tells how it ended; ends with its parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL)
    import_module("connectorx")  # while it waits for the job
    job = Job(**json.loads(sys.stdin.read()))
    try:
        outcome = read(job)
    except MisfitError as error:
        outcome = Outcome(error="MisfitError", misfit=str(error))
    except BaseException as error:
        outcome = Outcome(error=type(error).__name__)
    _tell({"outcome": asdict(outcome)})


if __name__ == "__main__":
    main()
