"""Sessions at a Spark Connect server that somebody else started: one for each thread that asks.

What Spark's client makes of some results, such as a checkpoint, belongs to the first session of the thread.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from lakehouse import floor
from lakehouse.cluster import CONNECT_SECONDS, absent
from lakehouse.contracts import Terminal

SCHEME = "sc://"
RETRIES = 6  # a minute; by default a server that is gone is waited for ten
HIDDEN = {"spark.sql.redaction.string.regex": r'key: "password"\s+value: "(?:[^"\\]|\\.)*"'}  # it is in plans
HADOOP = "reflect('org.apache.hadoop.util.VersionInfo', 'getVersion')"


def refuse_absent(master: str) -> None:
    """Looks whether a Spark Connect server answers there.

    Raises:
        Terminal: Packages are missing, or the address is none, or has a secret in it.
        Transient: None does.
    """
    try:
        import grpc  # noqa: PLC0415
        from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415
    except ImportError as error:
        lacking = str(error).splitlines()[0]
        raise Terminal(f"{SCHEME} needs more packages ({lacking}); install rental-lakehouse[connect]") from None
    if "token=" in master:
        raise Terminal(
            "LAKEHOUSE_SPARK__MASTER has a token in it; put it into SPARK_CONNECT_AUTHENTICATE_TOKEN instead"
        )
    try:
        channel = DefaultChannelBuilder(master).toChannel()
    except (PySparkException, ValueError):
        raise Terminal(f"LAKEHOUSE_SPARK__MASTER is {master}: an address is {SCHEME}host:port") from None
    try:
        grpc.channel_ready_future(channel).result(CONNECT_SECONDS)
    except grpc.FutureTimeoutError:
        raise absent(master) from None
    finally:
        channel.close()


def session(master: str, confs: Mapping[str, str]) -> SparkSession:
    """The session of this thread.

    Raises:
        Terminal: The server refuses us.
    """
    from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415

    found = SparkSession.getActiveSession()
    if found is not None:
        return found
    try:
        made = SparkSession.builder.remote(master).config(map={**confs, **HIDDEN}).create()
    except PySparkException as error:
        raise Terminal(f"the Spark Connect server at {master} gives no session ({type(error).__name__})") from error
    made.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])
    return made


def refuse_unfit(session: SparkSession, static: Mapping[str, str]) -> None:
    """Refuses a server by which a commit could be lost: no session can set what a server was not started with.

    Raises:
        Terminal: Spark or Hadoop is too old, or the server was started with another conf or without Delta.
    """
    floor.refuse_old_spark(session.version)
    lacking = [
        f"--conf {name}={wanted}"
        for name, wanted in static.items()
        if wanted not in (session.conf.get(name, None) or "").split(",")
    ]
    if lacking:
        raise Terminal(f"the Spark Connect server was started without {' '.join(lacking)}")
    try:
        hadoop = session.range(1).selectExpr(HADOOP).collect()[0][0]
    except PySparkException as error:
        why = str(error).splitlines()[0]
        raise Terminal(f"the Spark Connect server cannot work; has it the jars of `make jars`? {why}") from None
    floor.refuse_old_hadoop(hadoop)


def is_lost(error: Exception) -> bool:
    """Whether an error says that the server is gone, or is another one since."""
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException  # noqa: PLC0415

    if not isinstance(error, SparkConnectGrpcException):
        return False
    is_other = (error.getCondition() or "").startswith("INVALID_HANDLE.SESSION")
    return is_other or error.getGrpcStatusCode().name == "UNAVAILABLE"


def opened() -> list[Any]:
    """The sessions of this process."""
    from pyspark.sql.connect.session import SparkSession as Remote  # noqa: PLC0415

    return [found for found in gc.get_objects() if type(found) is Remote and not found.is_stopped]
