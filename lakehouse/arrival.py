"""Rows of the source as a frame, by either reader, and equal to what the source counted of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from lakehouse import bronze, staging
from lakehouse.checksum import NOTHING, Checksum
from lakehouse.contracts import Table, Transient
from lakehouse.session import start_beside
from lakehouse.settings import Settings
from lakehouse.source import jdbc, reader


@dataclass(frozen=True)
class Arrival:
    """Typed rows with their hash, how many they are, and what their own statement counted at the source."""

    frame: DataFrame
    rows: int
    proof: Checksum | None
    tail: Checksum = NOTHING


def ahead(settings: Settings) -> AbstractContextManager[None]:
    """The first read of the block begins sooner, where the reader takes time to start."""
    return nullcontext() if settings.spark.reader == "jdbc" else reader.ahead()


@contextmanager
def arrived(
    session: Callable[[], SparkSession], settings: Settings, table: Table, where: str, tail: str | None
) -> Iterator[Arrival]:
    """The rows that fulfil `where`, for as long as the block lasts; with `tail`, their statement proves itself.

    Raises:
        Terminal, Transient: The read failed, other rows arrived than the source counted, or some were lost later on.
    """
    if settings.spark.reader == "jdbc":
        frame, proof, kept = jdbc.read(session(), settings, table, where, tail)
        with jdbc.holding(table):
            yield _checked(table, Arrival(bronze.hashed(frame, table), frame.count(), proof, kept))
        return
    with staging.room(settings.staging_root, table.name) as folder:
        start_beside(settings)  # the read needs no Spark
        found = reader.stage(settings.source, table, where, folder, tail)
        frame = bronze.staged(session(), table, Path(found.path).as_uri())
        yield _checked(table, Arrival(frame, found.rows, found.proof, found.tail))


def _checked(table: Table, arrival: Arrival) -> Arrival:
    if arrival.proof is None:
        return arrival
    found = bronze.checksum(arrival.frame)
    if found != arrival.proof:
        raise Transient(
            f"{table.name}: {found.rows} rows arrived, the source counted {arrival.proof.rows}; "
            "count or checksum differ, nothing was committed"
        )
    return arrival
