"""A Redshift warehouse brought to what is declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection, Engine

from lakehouse.warehouse import catalogue_redshift as catalogue
from lakehouse.warehouse import ddl_redshift as ddl
from lakehouse.warehouse.catalogue_redshift import Found, FoundColumn
from lakehouse.warehouse.changes import Change, Plan, Refusal
from lakehouse.warehouse.model import Column, Relation
from lakehouse.warehouse.sessions import ANSWER_SECONDS, session, transaction

VARYING = re.compile(r"^character varying\((\d+)\)$")
SPELLINGS = {
    "character varying": "varchar", "numeric": "decimal", "timestamp without time zone": "timestamp",
    "binary varying": "varbyte",
}  # fmt: skip
WAIT = 10.0


def plan(engine: Engine, relations: Collection[Relation], *, with_rights: bool = True) -> Plan:
    """What `apply` would do now. Grants are given with the role or the schema that they are of."""
    with transaction(engine, ANSWER_SECONDS) as connection:
        return _planned(connection, relations, with_rights=with_rights)


def apply(engine: Engine, relations: Collection[Relation], *, with_rights: bool = True, wait: float = WAIT) -> Plan:
    """Makes and evolves these tables; a statement is waited for so many seconds. Returns what was done.

    All in one transaction, but for longer texts, which Redshift alters in none; those come first.

    Raises:
        Terminal: Something would lose values, is in the way, or is not permitted; nothing was changed.
        Transient: A table is locked; run it again.
    """
    todo = plan(engine, relations, with_rights=with_rights).possible
    with session(engine, ANSWER_SECONDS + wait) as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        _run(alone, [f"SET statement_timeout TO {int(wait * 1000)}"])
        _run(alone, (s for change in todo.first for s in change.statements))
        _run(alone, ["BEGIN", *(s for change in (*todo.made, *todo.then) for s in change.statements), "COMMIT"])
    return todo


def ensure(engine: Engine, relations: Collection[Relation]) -> None:
    """Before a release: makes and evolves its tables and views; roles and rights are left as they are.

    Raises:
        Terminal, Transient: As `apply`; the old release is still served.
    """
    if not plan(engine, relations, with_rights=False).empty:
        apply(engine, relations, with_rights=False)


def _planned(connection: Connection, relations: Collection[Relation], *, with_rights: bool) -> Plan:
    schemas = list(dict.fromkeys(r.schema for r in relations))
    there, roles = catalogue.schemas(connection), catalogue.roles(connection) if with_rights else set()
    found = catalogue.look(connection, {ddl.home(r) for r in relations}, schemas)
    made: list[Change | Refusal] = []
    if with_rights:
        made += [Change("role", name, "a role", (ddl.role(name),)) for name in ddl.roles(schemas) if name not in roles]
    for schema in schemas:
        homes = {schema, ddl.DATA} if schema == "presentation" else {schema}
        if not homes <= there or any(change.what == "role" for change in made if isinstance(change, Change)):
            statements = ddl.make_schema(schema)
            of_roles = tuple(s for s in statements if with_rights or s.startswith("CREATE SCHEMA"))
            made.append(Change("schema", schema, ", ".join(sorted(homes)), of_roles))
    widened, changed = list[Change](), list[Change | Refusal]()
    for relation in relations:
        for change in _table(relation, found):
            (widened if isinstance(change, Change) and change.what == "widen" else changed).append(change)  # type: ignore[arg-type]
    refused = tuple(c for c in (*made, *changed) if isinstance(c, Refusal))
    made_now, then = ([c for c in changes if isinstance(c, Change)] for changes in (made, changed))
    return Plan("the user", tuple(widened), tuple(made_now), tuple(then), refused)


def _table(relation: Relation, found: Found) -> Iterator[Change | Refusal]:
    there = found.tables.get(f"{ddl.home(relation)}.{relation.name}")
    problems = list(ddl.limits(relation))
    if problems:
        yield from (Refusal(relation.where, problem) for problem in problems)
        return
    if there is None:
        yield Change("create", relation.where, f"{len(relation.columns)} columns", tuple(ddl.create(relation)))
        return
    declared = {c.name for c in relation.columns}
    yield from (
        Refusal(f"{relation.where}.{name}", "it is not declared any more, and dropping it would lose its values; "
                f"declare it again, or drop the column of {ddl.table(relation)}")
        for name in there if name not in declared
    )  # fmt: skip
    for column in relation.columns:
        yield from _column(relation, column, there.get(column.name))
    told = next(iter(there.values())).table_comment
    if relation.comment != told:
        yield Change("comment", relation.where, relation.comment, (ddl.comment(relation),))
    if relation.schema == "presentation" and found.views.get(relation.where) != [c.name for c in relation.columns]:
        yield Change("view", relation.where, "what analysts read", tuple(ddl.view(relation)))


def _column(relation: Relation, column: Column, there: FoundColumn | None) -> Iterator[Change | Refusal]:
    where, wanted = f"{relation.where}.{column.name}", ddl.named(column.type)
    if there is None:
        yield Change("add column", where, wanted, tuple(ddl.add_column(relation, column)))
        return
    if column.comment != there.comment:
        yield Change("comment", where, column.comment, (ddl.comment(relation, column),))
    if _spelled(there.type) == wanted.lower():
        return
    old, new = VARYING.match(there.type), column.type.kind == "text" and column.type.bytes
    limit = min(new or ddl.LONGEST_TEXT, ddl.LONGEST_TEXT)
    if old and column.type.kind == "text":
        if int(old.group(1)) < limit:
            yield Change("widen", where, f"{there.type} → {wanted}", (ddl.widen(relation, column),))
        return
    yield Refusal(
        where, f"it is {there.type} and declared {wanted}, and Redshift alters no type but longer texts; declare a new "
        "column"
    )  # fmt: skip


def _spelled(kind: str) -> str:
    """A type of the catalogue in the words of DDL."""
    name, bracket, rest = kind.partition("(")
    return SPELLINGS.get(name, name) + bracket + rest


def _run(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
