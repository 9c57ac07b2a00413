"""A PostgreSQL warehouse brought to what is declared, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, Engine

from lakehouse.contracts import Terminal
from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import catalogue
from lakehouse.warehouse.changes import Change, Plan
from lakehouse.warehouse.model import Relation
from lakehouse.warehouse.plan import NOTHING_YET, planned
from lakehouse.warehouse.sessions import ANSWER_SECONDS, transaction

WAIT = 10.0
ONE_AT_A_TIME = f"SELECT pg_advisory_xact_lock({catalogue.TURN})"


def script(relations: Collection[Relation]) -> list[str]:
    """The statements that make these tables, roles and rights where there are none.

    Raises:
        Terminal: PostgreSQL could not hold one of the tables.
    """
    whole = planned(relations, NOTHING_YET, with_rights=True).possible
    first, made = ([s for c in changes for s in c.statements] for changes in (whole.first, whole.made))
    return ["BEGIN", *first, f"SET LOCAL ROLE {quoted(whole.maker)}", *made, "COMMIT"]


def plan(engine: Engine, relations: Collection[Relation], *, with_rights: bool = True) -> Plan:
    """What `apply` would do now."""
    with transaction(engine, ANSWER_SECONDS) as connection:
        return _plan(connection, relations, with_rights=with_rights)


def apply(engine: Engine, relations: Collection[Relation], *, with_rights: bool = True, wait: float = WAIT) -> Plan:
    """Makes and evolves these tables; waits so many seconds for a lock. Returns what was done.

    Raises:
        Terminal: Something would lose values, is in the way, or is not permitted; nothing was changed.
        Transient: A table is locked, by those whom the message names; nothing was changed.
    """
    with transaction(engine, ANSWER_SECONDS + wait) as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(wait * 1000)}")
        connection.exec_driver_sql("SET LOCAL standard_conforming_strings = on")
        connection.exec_driver_sql(ONE_AT_A_TIME)
        todo = _plan(connection, relations, with_rights=with_rights).possible
        _run(connection, todo.first)
        if todo.made:
            connection.exec_driver_sql(f"SET LOCAL ROLE {quoted(todo.maker)}")
            _run(connection, todo.made)
            connection.exec_driver_sql("SET LOCAL ROLE NONE")
        _run(connection, todo.then)
        for left in _plan(connection, relations, with_rights=with_rights).possible.changes:
            raise Terminal(f"{left.where}: {left.what} had no effect; whose is it? Nothing was changed")
    return todo


def ensure(engine: Engine, relations: Collection[Relation]) -> None:
    """Before a release: makes and evolves its tables; roles and rights are left as they are.

    Raises:
        Terminal, Transient: As `apply`; the old release is still served.
    """
    if not plan(engine, relations, with_rights=False).empty:
        apply(engine, relations, with_rights=False)


def _plan(connection: Connection, relations: Collection[Relation], *, with_rights: bool) -> Plan:
    found = catalogue.look(connection, {r.schema for r in relations})
    return planned(relations, found, with_rights=with_rights)


def _run(connection: Connection, changes: Iterable[Change]) -> None:
    for statement in (s for change in changes for s in change.statements):
        connection.exec_driver_sql(statement.replace("%", "%%"))
