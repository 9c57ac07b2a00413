"""The only module that writes Delta tables: one commit protocol for every table of the lake.

A commit carries its state and is a compare-and-swap on the table's sequence number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from lakehouse.contracts import Transient
from lakehouse.lake import Lake, Layer, State, to_json

TXN_APP = "spark.databricks.delta.write.txnAppId"
TXN_VERSION = "spark.databricks.delta.write.txnVersion"
METADATA = "spark.databricks.delta.commitInfo.userMetadata"
FEED = "delta.enableChangeDataFeed"
MERGE = "merge"
LOST = ("DELTA_CONCURRENT_", "DELTA_PROTOCOL_CHANGED", "DELTA_METADATA_CHANGED", "FileAlreadyExistsException")


class Superseded(Transient):
    """Another run, or the upkeep, committed to the table first; plan again from what it left."""

    def __init__(self, table: str, winner: str | None) -> None:
        super().__init__(f"{table}: superseded by {f'run {winner}' if winner else 'another commit'}")
        self.winner = winner


def next_state(table: str, before: State | None, run_id: str, kind: str) -> State:
    """The state to fill for the commit after `before`; what must be carried along is."""
    if before is None:
        return State(table=table, seq=1, run_id=run_id, kind=kind)
    fresh = replace(before, seq=before.seq + 1, run_id=run_id, kind=kind, window=None, periods=None, single=False)
    return replace(fresh, version=-1, snapshot=-1, committed_at=-1)


def commit(
    lake: Lake, layer: Layer, name: str, state: State, session: SparkSession, write: Callable[[str], None]
) -> State:
    """Runs `write(path)` as the commit that `state` describes, and reads it back.

    Raises:
        Superseded: Another run took this sequence number, or the upkeep the files that the write builds on; nothing
            of ours is in the table.
    """
    with _stamped(session, state):
        try:
            write(lake.spark_path(layer, name))
        except (PySparkException, Py4JJavaError) as error:
            if any(word in str(error) for word in LOST):
                newest = lake.state(layer, name)
                raise Superseded(state.table, newest.run_id if newest and newest.seq >= state.seq else None) from None
            raise
    ours = lake.state(layer, name, state.seq)
    if ours is None or ours.run_id != state.run_id:
        raise Superseded(state.table, ours.run_id if ours else None)
    return ours


def append(frame: DataFrame) -> Callable[[str], None]:
    """Writes rows behind the others; makes the table when there is none, and columns that it has not yet."""
    return lambda path: frame.write.format("delta").mode("append").option("mergeSchema", True).save(path)


def overwrite(frame: DataFrame, *, feed: bool = False) -> Callable[[str], None]:
    """Replaces all rows and the schema; a new table tells its changes from then on where `feed` is asked for."""
    options = {"overwriteSchema": "true"} | ({FEED: "true"} if feed else {})
    return lambda path: frame.write.format("delta").mode("overwrite").options(**options).save(path)


def replace_where(frame: DataFrame, condition: str) -> Callable[[str], None]:
    """Replaces the rows of a condition, which all new rows meet."""
    return lambda path: frame.write.format("delta").mode("overwrite").option("replaceWhere", condition).save(path)


def read(session: SparkSession, lake: Lake, layer: Layer, state: State, name: str) -> DataFrame:
    """The rows of a table as of the commit of `state`."""
    reader = session.read.format("delta").option("versionAsOf", state.snapshot)
    return reader.load(lake.spark_path(layer, name))


def changes(session: SparkSession, lake: Lake, layer: Layer, name: str, first: State, last: State) -> DataFrame | None:
    """The rows before and after each change between two commits, with `_change_type` and `_commit_version`.

    None where the table does not tell its changes.
    """
    table = lake.open(layer, name)
    if table is None or table.metadata().configuration.get(FEED) != "true":
        return None
    reader = session.read.format("delta").option("readChangeFeed", True)
    reader = reader.option("startingVersion", first.version + 1).option("endingVersion", last.version)
    return reader.load(lake.spark_path(layer, name))


@contextmanager
def _stamped(session: SparkSession, state: State) -> Iterator[None]:
    stamps = {TXN_APP: state.table, TXN_VERSION: str(state.seq), METADATA: to_json(state)}
    for key, value in stamps.items():
        session.conf.set(key, value)
    try:
        yield
    finally:
        for key in stamps:
            session.conf.unset(key)
