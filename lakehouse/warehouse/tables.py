"""How a table becomes what is declared, without a loss."""

from __future__ import annotations

from collections.abc import Iterator

from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse.catalogue import Found, FoundColumn, FoundSchema, FoundTable
from lakehouse.warehouse.changes import Change, Refusal
from lakehouse.warehouse.model import LOADER, Column, Relation


def created(relation: Relation, found: Found, maker: str) -> Change | Refusal:
    """What makes a table."""
    schema = found.schemas.get(relation.schema)
    for reason in ddl.limits(relation):
        return Refusal(relation.where, reason)
    is_to_be_the_loaders = schema is not None and maker == LOADER and schema.owner == found.user
    if schema is not None and maker not in schema.makers and not is_to_be_the_loaders:
        return Refusal(
            relation.where,
            f"permission missing: {maker} may not make tables in schema {relation.schema}, which belongs to "
            f"{schema.owner}; let it grant USAGE and CREATE on the schema",
        )
    return Change("create", relation.where, f"{len(relation.columns)} columns", tuple(ddl.create(relation)))


def evolved(relation: Relation, table: FoundTable, found: Found) -> Iterator[Change | Refusal]:
    """What brings the table that is there to what is declared; no value is lost."""
    reason = _in_the_way(table, found.schemas[relation.schema], found)
    reasons = [reason] if reason else list(ddl.limits(relation))
    if reasons:
        yield from (Refusal(relation.where, reason) for reason in reasons)
        return
    yield from _undeclared(relation, table)
    yield from _columns(relation, table)
    yield from _key(relation, table)
    yield from _loosened(relation, table)
    yield from _comments(relation, table)


def _in_the_way(table: FoundTable, schema: FoundSchema, found: Found) -> str | None:
    """A table of somebody who is neither we nor the owner of the schema is not ours, whatever its columns."""
    way_out = f"let {table.owner} rename or drop it"
    if table.kind not in "rp":
        return f"something of {table.owner} that is no table has this name; {way_out}"
    if table.owner not in (found.user, LOADER, schema.owner):
        return f"a table of {table.owner} has this name, and it is left as it is; {way_out}"
    return None


def _undeclared(relation: Relation, table: FoundTable) -> Iterator[Refusal]:
    declared = {c.name for c in relation.columns}
    for name in [name for name in table.columns if name not in declared]:
        drop = f"ALTER TABLE {ddl.table(relation)} DROP COLUMN {quoted(name)}"
        yield Refusal(
            f"{relation.where}.{name}",
            f"it is not declared any more, and dropping it would lose its values; declare it again, or run: {drop}",
        )


def _columns(relation: Relation, table: FoundTable) -> Iterator[Change | Refusal]:
    for column in relation.columns:
        there = table.columns.get(column.name)
        if there is not None:
            yield from _retyped(relation, column, there)
            continue
        statements = tuple(ddl.add_column(relation, column))
        yield Change("add column", f"{relation.where}.{column.name}", ddl.named(column.type), statements)


def _retyped(relation: Relation, column: Column, there: FoundColumn) -> Iterator[Change | Refusal]:
    where, wanted = f"{relation.where}.{column.name}", ddl.named(column.type)
    if there.type == wanted:
        return
    if not ddl.widens(there.type, wanted):
        yield Refusal(
            where, f"it is {there.type} and declared {wanted}, which need not hold all that is there; declare "
            "a type that does, or a new column"
        )  # fmt: skip
    elif there.views:
        yield Refusal(
            where, f"it is to become {wanted}, and PostgreSQL alters no column that a view reads; keep the definition "
            f"(pg_get_viewdef) and the grants of {', '.join(there.views)}, drop it, apply, and make it again"
        )  # fmt: skip
    else:
        yield Change("widen", where, f"{there.type} → {wanted}", (ddl.widen(relation, column),))


def _key(relation: Relation, table: FoundTable) -> Iterator[Change]:
    wanted = frozenset(relation.key)
    held = [k for k in table.keys.values() if k.columns == wanted and (relation.is_primary or not k.is_primary)]
    if wanted and not held:
        old = relation.key_name if relation.key_name in table.keys else None
        yield Change("key", relation.where, ", ".join(relation.key), (ddl.rekey(relation, old),))


def _loosened(relation: Relation, table: FoundTable) -> Iterator[Change]:
    for column in relation.columns:
        there = table.columns.get(column.name)
        if there is not None and column.nullable and not there.nullable:
            where, sql = f"{relation.where}.{column.name}", ddl.allow_null(relation, column)
            yield Change("allow null", where, "its values may be missing", (sql,))


def _comments(relation: Relation, table: FoundTable) -> Iterator[Change]:
    for column in relation.columns:
        there = table.columns.get(column.name)
        if there is not None and column.comment != there.comment:
            where, sql = f"{relation.where}.{column.name}", ddl.comment(relation, column)
            yield Change("comment", where, column.comment, (sql,))
    if relation.comment != table.comment:
        yield Change("comment", relation.where, relation.comment, (ddl.comment(relation),))
