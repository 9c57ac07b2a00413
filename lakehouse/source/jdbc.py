"""The reader for clusters: Spark's executors read, each a key range, and every value travels as text.

Text is the one form in which a driver cannot change a value; Spark gives it the declared type. What was read is
kept by the executors and never read a second time, when the source may have moved on: a lost executor is an error.
Spark makes a subquery of each statement. The source streams a plain one, but one with a proof it first writes to a
temporary table of its own: a window or a repair, not a load.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Column, Table, Transient
from lakehouse.quoting import spark as quoted
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import ranges, select
from lakehouse.source.connection import CONNECT_SECONDS, connect, host_and_port, rows
from lakehouse.source.invalid import impossible_date, misfit
from lakehouse.sqltypes import of

DRIVER = "org.mariadb.jdbc.Driver"
FETCH_ROWS = 10_000
SLICES = 8
MISFIT = "_misfit"
GONE = "CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND"
SESSION = "time_zone='+00:00',sql_mode='NO_ENGINE_SUBSTITUTION'"


def read(
    session: SparkSession, settings: Settings, table: Table, where: str, tail: str | None
) -> tuple[DataFrame, Checksum | None, Checksum]:
    """The typed rows that fulfil `where`; with `tail`, also the count and checksum of their own statement.

    Raises:
        Terminal: The source refuses, or a value does not fit its declared type; names the column.
        Transient: The connection or an executor was lost, or the read was not done by its deadline.
    """
    source = settings.source
    if tail is None:
        slices = _slices(source, table, where, max(1, settings.chunk_rows // SLICES))
        statements = [select.plain(table, slice_, as_text=True) for slice_ in slices]
    else:
        statements = [select.proven(table, where, tail, as_text=True)]
    began = time.monotonic()
    try:
        with _deadline(session, source.read_deadline_seconds):
            frame = _kept(statements, session, source, table, [] if tail is None else [*select.PROOF])
            misfits = frame.where(f"{MISFIT} IS NOT NULL").select(MISFIT).take(1)
            if misfits:
                raise impossible_date(source, table, where) or misfit(table, misfits[0][0])
            return _split(frame.drop(MISFIT), table, is_proven=tail is not None)
    except (PySparkException, Py4JJavaError) as error:
        if time.monotonic() - began >= source.read_deadline_seconds:
            raise Transient(
                f"{table.name}: the read was not done after {source.read_deadline_seconds} s; ended. If it needs "
                "longer, raise LAKEHOUSE_SOURCE__READ_DEADLINE_SECONDS"
            ) from None
        _refused(source, table, where)
        raise Transient(
            f"{table.name}: the executors' read broke off ({type(error).__name__}); it is safe to run again"
        ) from None


@contextmanager
def holding(table: Table) -> Iterator[None]:
    """For the block in which rows that were read are worked with.

    Raises:
        Transient: An executor was lost, and rows that it had read with it.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        if GONE not in str(error):
            raise
        raise Transient(
            f"{table.name}: an executor was lost, and with it rows that it had read; it is safe to run again"
        ) from None


@contextmanager
def _deadline(session: SparkSession, seconds: int) -> Iterator[None]:
    """Cancels the jobs of the block when it lasts too long."""
    tag = uuid.uuid4().hex
    session.addTag(tag)
    timer = threading.Timer(seconds, session.interruptTag, [tag])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        session.removeTag(tag)


def _refused(source: SourceSettings, table: Table, where: str) -> None:
    """Asks for nothing of the same, to hear whether it is refused for good; drivers do not tell it alike."""
    with suppress(Transient), connect(source) as connection:
        rows(connection, f"{select.plain(table, where)} LIMIT 0")


def _slices(source: SourceSettings, table: Table, where: str, size: int) -> list[str]:
    """The condition cut by key ranges; each has the same bounds of the cursor, for each is a snapshot of its own."""
    if not ranges.is_ranged(table):
        return [where]
    with connect(source) as connection:
        cuts = ranges.bounds(connection, table, size, where)
    return [f"({where}) AND {ranges.condition(table, low, high)}" for low, high in ranges.pairs(cuts)]


def _kept(
    statements: list[str], session: SparkSession, source: SourceSettings, table: Table, proof: list[str]
) -> DataFrame:
    """What the statements give, typed, and `_misfit`, the name of a column whose value has not the declared type."""
    options = {
        "url": _url(source),
        "driver": DRIVER,
        "user": source.user,
        "password": source.password.get_secret_value(),
        "fetchsize": str(FETCH_ROWS),
        "queryTimeout": str(source.read_deadline_seconds),
    }
    frames = [session.read.format("jdbc").options(**options, query=sql).load() for sql in statements]
    typed = {c.name: _typed(c) for c in table.columns}
    misfits = [
        f"CASE WHEN {quoted(name)} IS NOT NULL AND {value} IS NULL THEN '{name}' END" for name, value in typed.items()
    ]
    columns = [f"{value} AS {quoted(name)}" for name, value in typed.items()]
    everything = reduce(DataFrame.unionAll, frames).selectExpr(
        *columns, *proof, f"COALESCE({', '.join(misfits)}, NULL) AS {MISFIT}"
    )
    return everything.localCheckpoint(eager=True)


def _url(source: SourceSettings) -> str:
    tls = "sslMode=disable"
    if source.tls == "verify":
        tls = "sslMode=verify-full" + (f"&serverSslCert={source.ca}" if source.ca else "")
    timeouts = f"connectTimeout={CONNECT_SECONDS * 1000}&socketTimeout={source.read_timeout_seconds * 1000}"
    address = f"jdbc:mysql://{host_and_port(source)}/{source.database}"
    return (
        f"{address}?permitMysqlScheme&{tls}&{timeouts}&sessionVariables={SESSION}&transactionIsolation=REPEATABLE-READ"
    )


def _split(frame: DataFrame, table: Table, *, is_proven: bool) -> tuple[DataFrame, Checksum | None, Checksum]:
    if not is_proven:
        return frame, None, NOTHING
    n, total, tail_n, tail_total = select.PROOF
    found = frame.where(f"{n} >= 0").select(*select.PROOF).collect()
    if not found:
        raise Transient(f"{table.name}: the stream ended before the source's own count arrived")
    row, data = found[0], frame.where(f"{n} < 0").drop(*select.PROOF)
    return data, Checksum(int(row[n]), int(row[total])), Checksum(int(row[tail_n]), int(row[tail_total]))


def _typed(column: Column) -> str:
    kind = of(column)
    match kind.kind:
        case "text" | "document":
            return quoted(column.name)
        case "binary":
            return f"UNHEX({quoted(column.name)})"
        case _:
            return f"TRY_CAST({quoted(column.name)} AS {kind.spark})"
