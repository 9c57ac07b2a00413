"""Who owns, who reads: roles, schemas, owners and grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lakehouse.quoting import postgres as quoted
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse.catalogue import Found
from lakehouse.warehouse.changes import Change, Refusal
from lakehouse.warehouse.model import LOADER, READERS, Relation, Schema


def roles(schemas: Iterable[Schema], found: Found) -> Iterator[Change | Refusal]:
    """The loader, whom the user must be a member of, and those who read these schemas."""
    join = f"GRANT {quoted(LOADER)} TO CURRENT_USER"
    for role in (LOADER, *(READERS[s] for s in schemas if s in READERS)):
        if role not in found.roles:
            make = f"CREATE ROLE {quoted(role)} NOLOGIN"
            if found.may_create_roles:
                yield Change("role", role, "group role", (make, join) if role == LOADER else (make,))
            else:
                yield Refusal(role, f"user {found.user} may not create roles; let an administrator run: {make}")
        elif role == LOADER and not found.roles[role]:
            yield Refusal(
                role, f"user {found.user} is no member; let an administrator run: "
                f"GRANT {quoted(LOADER)} TO {quoted(found.user)}"
            )  # fmt: skip


def schema(name: Schema, found: Found, maker: str) -> Iterator[Change | Refusal]:
    """A schema of the maker; one of the user goes over to the loader."""
    there = found.schemas.get(name)
    if there is None:
        if not found.may_create_schemas:
            yield Refusal(
                name, f"permission missing: user {found.user} may not create schemas; let an administrator grant "
                "CREATE on the database"
            )  # fmt: skip
            return
        owned = f" AUTHORIZATION {quoted(maker)}" if maker != found.user else ""
        yield Change("schema", name, f"owned by {maker}", (f"CREATE SCHEMA {quoted(name)}{owned}",))
    elif maker == LOADER and there.owner == found.user != LOADER:
        sql = f"ALTER SCHEMA {quoted(name)} OWNER TO {quoted(LOADER)}"
        yield Change("owner", name, f"{there.owner} → {LOADER}", (sql,))


def owner(relation: Relation, found: Found) -> Iterator[Change]:
    """A table of the user goes over to the loader."""
    table = found.table(relation.schema, relation.name)
    if table is not None and table.kind in "rp" and table.owner == found.user != LOADER:
        sql = f"ALTER TABLE {ddl.table(relation)} OWNER TO {quoted(LOADER)}"
        yield Change("owner", relation.where, f"{table.owner} → {LOADER}", (sql,))


def reading(schema: Schema, found: Found) -> Iterator[Change]:
    """That its reader may look into a schema, and read each table that will ever be made there."""
    reader, there = READERS.get(schema), found.schemas.get(schema)
    if reader is None:
        return
    if there is None or reader not in there.users:
        sql = f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(reader)}"
        yield Change("grant", schema, f"{reader} may look into it", (sql,))
    if there is None or reader not in there.default_readers:
        sql = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {quoted(schema)} GRANT SELECT ON TABLES TO {quoted(reader)}"
        yield Change("grant", schema, f"{reader} reads each new table at once", (sql,))


def readable(relation: Relation, found: Found) -> Iterator[Change]:
    """That the reader of its schema reads a table that is there already."""
    reader, table = READERS.get(relation.schema), found.table(relation.schema, relation.name)
    if reader is not None and table is not None and table.kind in "rp" and reader not in table.readers:
        sql = f"GRANT SELECT ON {ddl.table(relation)} TO {quoted(reader)}"
        yield Change("grant", relation.where, f"{reader} reads it", (sql,))
