"""The state machine's engine of real servers: MariaDB, Delta tables by Spark, and the product's own runs."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pymysql

from demo.servers.mariadb import MariaDb
from lakehouse import delta
from lakehouse.window import micros
from tests.stateful.engine import Row
from tests.support.lab import Lab, lab
from tests.support.things import STAMPED, STAMPED_DDL

WRITE = """INSERT INTO thing (id, value, updated_at) VALUES (%s, %s, NOW(6))
ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = IF(%s, NOW(6), updated_at)"""
PATIENCE = 120


class CrashError(Exception):
    """The run dies here."""


@dataclass
class Sleeper:
    """A run in a thread that waits before its first commit."""

    go: threading.Event
    thread: threading.Thread
    errors: list[BaseException]


class Real:
    """One table in a database and a lake of their own."""

    def __init__(self, server: MariaDb, folder: Path) -> None:
        self.stack = ExitStack()
        lake = mkdtemp(dir=folder)
        self.world: Lab = self.stack.enter_context(lab(server, lake, STAMPED, STAMPED_DDL))
        self.open: dict[int, pymysql.Connection] = {}
        self.names = 0
        self.sleeper: Sleeper | None = None

    def begin(self) -> int:
        connection = self.world.connection()
        connection.cursor().execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.begin()
        self.names += 1
        self.open[self.names] = connection
        return self.names

    def write(self, transaction: int, key: int, value: int, *, touch: bool) -> None:
        self.open[transaction].cursor().execute(WRITE, (key, value, touch))

    def delete(self, transaction: int, key: int) -> None:
        self.open[transaction].cursor().execute("DELETE FROM thing WHERE id = %s", (key,))

    def end(self, transaction: int, *, commit: bool) -> None:
        with self.open.pop(transaction) as connection:
            connection.commit() if commit else connection.rollback()

    def tick(self) -> None:
        threading.Event().wait(0.05)

    def run(self) -> None:
        self.world.run()

    def reconcile(self) -> None:
        self.world.run("reconcile")

    def crash(self) -> None:
        def die(*_: Any, **__: Any) -> None:
            raise CrashError

        with _commits(die), ExitStack() as calm:
            calm.push(lambda kind, *_: kind is CrashError)
            self.world.run()

    def sleep(self) -> None:
        go, errors, commit = threading.Event(), list[BaseException](), delta.commit
        reached = threading.Event()

        def late(*arguments: Any, **named: Any) -> Any:
            if threading.current_thread() is thread:
                reached.set()
                go.wait(PATIENCE)
            return commit(*arguments, **named)

        def work() -> None:
            try:
                with _commits(late):
                    self.world.run()
            except BaseException as error:
                errors.append(error)
            finally:
                reached.set()

        thread = threading.Thread(target=work)
        thread.start()
        reached.wait(PATIENCE)
        self.sleeper = Sleeper(go, thread, errors)

    def wake(self) -> None:
        assert self.sleeper is not None
        self.sleeper.go.set()
        self.sleeper.thread.join(PATIENCE)
        assert self.sleeper.errors == []
        self.sleeper = None

    def source(self) -> dict[int, Row]:
        return _rows(list(self.world.at_source()))

    def lake(self) -> dict[int, Row]:
        if self.world.state is None:
            return {}
        rows = self.world.in_bronze()
        assert len({row[0] for row in rows}) == len(rows), "a key is there twice"
        return _rows(rows)

    def watermark(self) -> int | None:
        state = self.world.state
        return None if state is None else state.watermark

    def close(self) -> None:
        for connection in self.open.values():
            connection.close()
        self.stack.close()


class _commits:  # noqa: N801
    """Another `delta.commit` for as long as a block lasts."""

    def __init__(self, instead: Callable[..., Any]) -> None:
        self.instead, self.before = instead, delta.commit

    def __enter__(self) -> None:
        delta.commit = self.instead

    def __exit__(self, *_: object) -> None:
        delta.commit = self.before


def _rows(rows: list[tuple]) -> dict[int, Row]:
    return {key: (value, micros(stamp)) for key, value, stamp in rows}
