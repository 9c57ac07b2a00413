"""The reader for clusters: Spark's executors read, each a key range, and every value travels as text.

Text is the one form in which a driver cannot change a value; Spark gives it the declared type. What was read is
kept by the executors and never read a second time, when the source may have moved on: a lost executor is an error.
"""

from __future__ import annotations

from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Table, Transient
from lakehouse.quoting import spark as quoted
from lakehouse.settings import Settings, SourceSettings
from lakehouse.source import ranges, select
from lakehouse.source.connection import CONNECT_SECONDS, connect, host_and_port
from lakehouse.sqltypes import of

DRIVER = "org.mariadb.jdbc.Driver"
FETCH_ROWS = 10_000
SLICES = 8
SESSION = "time_zone='+00:00',sql_mode='NO_ENGINE_SUBSTITUTION'"


def read(
    session: SparkSession, settings: Settings, table: Table, where: str, tail: str | None
) -> tuple[DataFrame, Checksum | None, Checksum]:
    """The typed rows that fulfil `where`; with `tail`, also the count and checksum of their own statement.

    Raises:
        Transient: The connection or an executor was lost.
    """
    source = settings.source
    try:
        if tail is not None:
            return _split(_kept([select.proven(table, where, tail, as_text=True)], session, source), table)
        slices = _slices(source, table, where, max(1, settings.chunk_rows // SLICES))
        frame = _kept([select.plain(table, slice_, as_text=True) for slice_ in slices], session, source)
        return _typed(frame, table), None, NOTHING
    except (PySparkException, Py4JJavaError) as error:
        raise Transient(
            f"{table.name}: the executors' read broke off ({type(error).__name__}); it is safe to run again"
        ) from None


def _slices(source: SourceSettings, table: Table, where: str, size: int) -> list[str]:
    """The condition cut by key ranges; each has the same bounds of the cursor, for each is a snapshot of its own."""
    if not ranges.is_ranged(table):
        return [where]
    with connect(source) as connection:
        cuts = ranges.bounds(connection, table, size, where)
    return [f"({where}) AND {ranges.condition(table, low, high)}" for low, high in ranges.pairs(cuts)]


def _kept(statements: list[str], session: SparkSession, source: SourceSettings) -> DataFrame:
    options = {
        "url": _url(source),
        "driver": DRIVER,
        "user": source.user,
        "password": source.password.get_secret_value(),
        "fetchsize": str(FETCH_ROWS),
    }
    frames = [session.read.format("jdbc").options(**options, query=sql).load() for sql in statements]
    return reduce(DataFrame.unionAll, frames).localCheckpoint(eager=True)


def _url(source: SourceSettings) -> str:
    tls = "sslMode=disable"
    if source.tls == "verify":
        tls = "sslMode=verify-full" + (f"&serverSslCert={source.ca}" if source.ca else "")
    timeouts = f"connectTimeout={CONNECT_SECONDS * 1000}&socketTimeout={source.read_timeout_seconds * 1000}"
    address = f"jdbc:mysql://{host_and_port(source)}/{source.database}"
    return (
        f"{address}?permitMysqlScheme&{tls}&{timeouts}&sessionVariables={SESSION}&transactionIsolation=REPEATABLE-READ"
    )


def _split(frame: DataFrame, table: Table) -> tuple[DataFrame, Checksum | None, Checksum]:
    n, total, tail_n, tail_total = select.PROOF
    found = frame.where(f"{n} >= 0").select(*select.PROOF).collect()
    if not found:
        raise Transient(f"{table.name}: the stream ended before the source's own count arrived")
    row = found[0]
    rows = _typed(frame.where(f"{n} < 0"), table)
    return rows, Checksum(int(row[n]), int(row[total])), Checksum(int(row[tail_n]), int(row[tail_total]))


def _typed(frame: DataFrame, table: Table) -> DataFrame:
    forms = {"binary": "UNHEX({})", "text": "{}", "document": "{}"}
    columns = []
    for column in table.columns:
        kind = of(column)
        form = forms.get(kind.kind, f"CAST({{}} AS {kind.spark})")
        columns.append(f"{form.format(quoted(column.name))} AS {quoted(column.name)}")
    return frame.selectExpr(*columns)
