"""Waiting until what is committed can be read: the demo's clock is the pipeline's own safe horizon."""

from __future__ import annotations

import time

from demo.servers.mariadb import MariaDb
from lakehouse.settings import SourceSettings
from lakehouse.source.connection import connect
from lakehouse.source.horizon import safe_horizon

LOOK_SECONDS = 0.2


class HorizonStands(RuntimeError):
    """The safe horizon has not passed the last commit in time."""


def wait(server: MariaDb, seconds: float) -> float:
    """Waits until all that is committed now lies below the safe horizon; returns for how long.

    Raises:
        HorizonStands: It has not got there in so many seconds.
    """
    began = time.monotonic()
    source = SourceSettings(host=server.host, port=server.port, user=server.user, password=server.password, tls="off")
    with connect(source) as connection:
        now = safe_horizon(connection, source).now
        while (found := safe_horizon(connection, source)).at <= now:
            if time.monotonic() - began > seconds:
                raise HorizonStands(
                    f"the safe horizon has not passed the last commit in {seconds:g} s: {found.evidence}"
                )
            time.sleep(LOOK_SECONDS)
    return time.monotonic() - began
