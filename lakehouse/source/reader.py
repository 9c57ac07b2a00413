"""Reads rows of the source into a staged Parquet file, and the source's own count and checksum with them.

The read runs in a child process: connectorx has no read timeout, keeps Python from running while it waits,
and panics when a connection breaks. Here it is watched, ended when it must be, and its end explained.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil
import pyarrow as pa

import lakehouse
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import PipelineError, Table, Terminal, Transient
from lakehouse.settings import SourceSettings
from lakehouse.source import select
from lakehouse.source.child import Job, Outcome
from lakehouse.source.connection import PINS, connect, rows, url
from lakehouse.source.invalid import impossible_date, misfit
from lakehouse.sqltypes import of

BATCH_BYTES = 8 << 20
BATCH_ROWS = (16, 50_000)
LOOK_SECONDS = 0.25
FILE = "part-0.parquet"
CHILD = "lakehouse.source.child"
AVERAGE_ROW = """
SELECT COALESCE(AVG_ROW_LENGTH, 0) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
RUNNING = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE %s"


@dataclass(frozen=True)
class Staged:
    """Rows on their way: the folder where they are, how many, and what the same statement counted at the source."""

    path: str
    rows: int
    proof: Checksum | None
    tail: Checksum = NOTHING


@dataclass(frozen=True)
class Child:
    """A process that waits for its job, and what it complains of."""

    process: subprocess.Popen[str]
    complaints: IO[str]

    def give(self, job: Job) -> None:
        """Tells it what to read."""
        with suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(asdict(job)))
            self.process.stdin.close()


AHEAD: ContextVar[list[Child]] = ContextVar("ahead")


def stage(source: SourceSettings, table: Table, where: str, folder: str, tail: str | None = None) -> Staged:
    """Reads the rows that fulfil `where` in one statement; with `tail`, the statement also proves itself.

    `tail` is the condition of the rows whose checksum is kept for the next probe.

    Raises:
        Terminal: A value does not fit its declared type; names the column.
        Transient: The connection was lost or stalled; never a short read.
    """
    sql = select.plain(table, where) if tail is None else select.proven(table, where, tail)
    marker = uuid.uuid4().hex
    with connect(source) as connection:
        average = int(rows(connection, AVERAGE_ROW, (table.source_name,))[0][0])
    Path(folder).mkdir(parents=True, exist_ok=True)
    low, high = BATCH_ROWS
    job = Job(
        url=url(source),
        pins=[*PINS],
        sql=f"/* lakehouse {marker} */ {sql}",
        proof=[] if tail is None else [*select.PROOF],
        schema=base64.b64encode(_schema(table).serialize().to_pybytes()).decode(),
        batch_rows=max(low, min(high, BATCH_BYTES // max(1, average))),
        path=f"{folder}/{FILE}",
    )
    outcome = _outcome(job, source, table, marker)
    if outcome.error:
        raise _explained(outcome, source, table, where)
    if tail is None:
        return Staged(folder, outcome.rows, None)
    if outcome.proof is None:
        raise Transient(f"{table.name}: the stream ended before the source's own count arrived")
    count, total, tail_count, tail_total = outcome.proof
    return Staged(folder, outcome.rows, Checksum(count, total), Checksum(tail_count, tail_total))


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(c.name, of(c).arrow) for c in table.columns])


@contextmanager
def ahead() -> Iterator[None]:
    """The first read of the block finds its process up: that starts while the caller still waits for something else."""
    with _child() as child:
        token = AHEAD.set([child])
        try:
            yield
        finally:
            AHEAD.reset(token)


def _outcome(job: Job, source: SourceSettings, table: Table, marker: str) -> Outcome:
    ready = AHEAD.get(None)
    with nullcontext(ready.pop()) if ready else _child() as child:
        child.give(job)
        try:
            for line in _watched(child.process, source, table):
                if "outcome" in line:
                    return Outcome(**line["outcome"])
        except PipelineError:
            child.process.kill()
            _stop_at_source(source, marker)
            raise
        child.complaints.seek(0)
        last = (child.complaints.read().strip().splitlines() or ["no word"])[-1].replace(job.url, "…")
        password = source.password.get_secret_value()
        return Outcome(error=f"ended by itself: {last.replace(password, '…') if password else last}"[:200])


@contextmanager
def _child() -> Iterator[Child]:
    home = str(Path(lakehouse.__file__).parents[1])
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))},
        ) as process,
    ):
        try:
            yield Child(process, complaints)
        finally:
            process.kill()


def _watched(process: subprocess.Popen[str], source: SourceSettings, table: Table) -> Iterator[dict[str, Any]]:
    """What the child tells, until it ends; refuses a read that stalls, lasts or grows beyond what is allowed."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_listen, args=(process, lines), daemon=True).start()
    began = heard = time.monotonic()
    while True:
        with suppress(queue.Empty):
            line = lines.get(timeout=LOOK_SECONDS)
            if line is None:
                return
            heard = time.monotonic()
            yield json.loads(line)
        now = time.monotonic()
        if now - heard > source.read_timeout_seconds:
            raise Transient(f"{table.name}: the source sent nothing for {source.read_timeout_seconds} s; ended")
        if now - began > source.read_deadline_seconds:
            raise Transient(f"{table.name}: the read was not done after {source.read_deadline_seconds} s; ended")
        if _memory(process.pid) > source.reader_memory_mb << 20:
            raise Terminal(
                f"{table.name}: the reader needs more than {source.reader_memory_mb} MB; "
                "raise LAKEHOUSE_SOURCE__READER_MEMORY_MB"
            )


def _listen(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with suppress(ValueError):  # closed while we listened
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _stop_at_source(source: SourceSettings, marker: str) -> None:
    """A server goes on with a statement that nobody listens to."""
    with suppress(PipelineError), connect(source) as connection:
        for (thread,) in rows(connection, RUNNING, (f"%{marker}%",)):
            rows(connection, "KILL %s", (thread,))


def _explained(outcome: Outcome, source: SourceSettings, table: Table, where: str) -> PipelineError:
    if outcome.misfit:
        return misfit(table, outcome.misfit)
    lost = Transient(f"{table.name}: the read broke off ({outcome.error}); it is safe to run again")
    return impossible_date(source, table, where) or lost
