"""The engine of the warehouse that the settings describe, for those who run without Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine

from lakehouse.settings import WarehouseSettings

DRIVERS = {"postgres": "postgresql+psycopg", "redshift": "redshift+redshift_connector"}
CONNECT_SECONDS = 5


@contextmanager
def engine(target: WarehouseSettings) -> Iterator[Engine]:
    """An engine for the time of the block; it connects on first use."""
    password = target.password.get_secret_value()
    url = URL.create(DRIVERS[target.dialect], target.user, password, target.host, target.port, target.database)
    made = create_engine(url, connect_args=connect_args(target))
    try:
        yield made
    finally:
        made.dispose()


def connect_args(target: WarehouseSettings) -> dict[str, Any]:
    """Redshift's driver would end each read by its time-out for connecting, and brings Amazon's authorities."""
    if target.dialect == "redshift":
        return {"sslmode": "verify-full"} if target.tls == "verify" else {"ssl": False}
    if target.tls == "off":
        return {"connect_timeout": CONNECT_SECONDS, "sslmode": "disable"}
    trusted = str(target.ca) if target.ca else "system"
    return {"connect_timeout": CONNECT_SECONDS, "sslmode": "verify-full", "sslrootcert": trusted}
