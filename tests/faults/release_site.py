"""A place to release from and to, where a release may fail."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from demo.servers.postgres import Postgres
from lakehouse.contracts import PipelineError, Transient
from lakehouse.lake import State
from lakehouse.warehouse import release as releases
from tests.integration.test_release import MARTS, NAMES, ten_days
from tests.support.gold_lake import GoldLake, Row, on
from tests.support.proxy import Proxy

CHANGED = [on(3), on(4)]


class Site:
    """A warehouse that serves one release, a proxy before it, and gold that has gone on."""

    def __init__(self, server: Postgres, proxy: Proxy, folder: Path) -> None:
        self.direct = create_engine(server.url("psycopg", "warehouse"))
        self.proxy = proxy
        address = self.direct.url.set(port=proxy.port)
        self.engine = create_engine(address, connect_args={"connect_timeout": 5, "sslmode": "disable"})
        self.gold = GoldLake.of(folder)
        with self.direct.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS presentation CASCADE")
        self.release(self.direct, {name: self.gold.write(name, ten_days()) for name in NAMES})
        self.before = self.seen()
        rows = [(day, number, "x" * 400) for day in CHANGED for number in range(200)]
        self.states = {name: self.gold.write(name, rows, CHANGED) for name in NAMES}

    def release(self, engine: Engine, states: dict[str, State]) -> None:
        releases.release(engine, self.gold.lake, states, "run", MARTS)

    def seen(self) -> tuple[int, dict[str, list[Row]]]:
        """What analysts see: the number of the release, and the rows of each mart."""
        with self.direct.connect() as connection:
            found = {
                name: sorted(
                    tuple(r) for r in connection.exec_driver_sql(f'SELECT day, "order", note FROM presentation.{name}')
                )
                for name in NAMES
            }
        return releases.serving(self.direct).release, found

    def is_old(self) -> bool:
        return self.seen() == self.before

    def is_new(self) -> bool:
        return self.seen() == (2, {name: self.gold.rows(name) for name in NAMES})

    def fails(self, error: type[PipelineError] = Transient) -> str:
        """The release through the proxy fails, the old one is served, and the next is whole; returns the message."""
        with pytest.raises(error) as caught:
            self.release(self.engine, self.states)
        assert self.is_old()
        self.proxy.cut_after = self.proxy.silent_after = None
        self.engine.dispose()
        self.release(self.engine, self.states)
        assert self.is_new()
        return str(caught.value)
