"""What a PostgreSQL warehouse has: schemas, tables, comments, keys, roles and rights."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, text

from lakehouse.warehouse.model import LOADER, READERS

ME = """
SELECT current_user::text, has_database_privilege(current_database(), 'CREATE'),
  EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolcreaterole OR rolsuper))
"""
ROLES = """
SELECT rolname::text,
  pg_has_role(rolname, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
FROM pg_roles WHERE rolname = ANY(:roles)
"""
SCHEMAS = """
SELECT n.nspname::text, pg_get_userbyid(n.nspowner)::text,
  ARRAY(SELECT r.rolname::text FROM pg_roles r
        WHERE r.rolname IN (current_user, :loader) AND has_schema_privilege(r.oid, n.oid, 'CREATE')),
  ARRAY(SELECT r.rolname::text FROM pg_roles r
        WHERE r.rolname = ANY(:roles) AND has_schema_privilege(r.oid, n.oid, 'USAGE')),
  ARRAY(SELECT r.rolname::text FROM pg_default_acl d, aclexplode(d.defaclacl) a, pg_roles r
        WHERE d.defaclnamespace = n.oid AND d.defaclrole = to_regrole(:loader) AND d.defaclobjtype = 'r'
          AND a.privilege_type = 'SELECT' AND r.oid = a.grantee)
FROM pg_namespace n WHERE n.nspname = ANY(:schemas)
"""
TABLES = """
SELECT n.nspname::text, c.relname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text,
  COALESCE(obj_description(c.oid, 'pg_class'), ''),
  ARRAY(SELECT r.rolname::text FROM pg_roles r
        WHERE r.rolname = ANY(:roles) AND has_table_privilege(r.oid, c.oid, 'SELECT'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
COLUMNS = """
SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
  COALESCE(col_description(c.oid, a.attnum), ''),
  ARRAY(SELECT DISTINCT v.oid::regclass::text
        FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND v.oid <> c.oid ORDER BY 1)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEYS = """
SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype = 'p',
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(:schemas) AND k.contype IN ('p', 'u')
"""
TURN = 5_202_511
"""The advisory lock of whoever changes tables: one at a time."""
LOCKS = """
SELECT l.pid, a.usename::text, COALESCE(a.application_name, ''), min(a.query_start),
  string_agg(DISTINCT COALESCE(n.nspname || '.' || c.relname, 'the turn to change tables'), ', '),
  bool_or(l.mode LIKE '%Exclusive%')
FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') OR l.locktype = 'advisory' AND l.objid = :turn)
GROUP BY 1, 2, 3 ORDER BY 6 DESC, 4, 1 LIMIT 5
"""


@dataclass(frozen=True)
class FoundColumn:
    """A column, and the views that read it."""

    type: str
    nullable: bool
    comment: str
    views: tuple[str, ...]


@dataclass(frozen=True)
class FoundKey:
    """Columns that no two rows share; none of them is missing where the key is primary."""

    columns: frozenset[str]
    is_primary: bool


@dataclass(frozen=True)
class FoundTable:
    """A table, or another thing that has its name: `kind` is PostgreSQL's letter for it; keys by constraint."""

    kind: str
    owner: str
    comment: str
    readers: frozenset[str]
    columns: dict[str, FoundColumn] = field(default_factory=dict)
    keys: dict[str, FoundKey] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundSchema:
    """A schema: who of the user and the loader may make tables, who looks into it, who reads each new one at once."""

    owner: str
    makers: frozenset[str]
    users: frozenset[str]
    default_readers: frozenset[str]
    tables: dict[str, FoundTable] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A warehouse as one user sees it; `roles` maps those of ours to whether the user is a member."""

    user: str
    may_create_schemas: bool
    may_create_roles: bool
    roles: dict[str, bool] = field(default_factory=dict)
    schemas: dict[str, FoundSchema] = field(default_factory=dict)

    def maker(self, schemas: Iterable[str]) -> str:
        """Who makes tables there: the loader, where the user is a member and the schemas let it, else the user."""
        there = [self.schemas[s] for s in schemas if s in self.schemas]
        return LOADER if self.roles.get(LOADER) and all(LOADER in s.makers for s in there) else self.user

    def table(self, schema: str, name: str) -> FoundTable | None:
        """What has this name, be it a table or not."""
        there = self.schemas.get(schema)
        return there.tables.get(name) if there else None


def look(connection: Connection, schemas: Collection[str]) -> Found:
    """What there is in these schemas."""
    user, may_create_schemas, may_create_roles = connection.execute(text(ME)).one()
    given: dict[str, Any] = {"schemas": list(schemas), "roles": [LOADER, *READERS.values()]}
    roles = {name: bool(member) for name, member in connection.execute(text(ROLES), given)}
    found = Found(user, bool(may_create_schemas), bool(may_create_roles), roles)
    given["loader"] = LOADER
    for name, owner, makers, users, defaults in connection.execute(text(SCHEMAS), given):
        found.schemas[name] = FoundSchema(owner, frozenset(makers), frozenset(users), frozenset(defaults))
    for schema, name, kind, owner, comment, readers in connection.execute(text(TABLES), given):
        if schema in found.schemas:
            found.schemas[schema].tables[name] = FoundTable(kind, owner, comment, frozenset(readers))
    for schema, name, column, kind, nullable, comment, views in connection.execute(text(COLUMNS), given):
        if (table := found.table(schema, name)) is not None:
            table.columns[column] = FoundColumn(kind, nullable, comment, tuple(views))
    for schema, name, key, is_primary, columns in connection.execute(text(KEYS), given):
        if (table := found.table(schema, name)) is not None:
            table.keys[key] = FoundKey(frozenset(columns), is_primary)
    return found


def holders(connection: Connection, schemas: Iterable[str]) -> list[str]:
    """Who holds locks on tables of these schemas, those that change them first; no word of what they do."""
    given = {"schemas": list(schemas), "turn": TURN}
    return [
        f"pid {pid} of user {user or 'unknown'}{f' ({application})' if application else ''} holds {tables}; its query "
        f"began {f'{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC' if since else 'at a time not shown to this user'}"
        for pid, user, application, since, tables, _ in connection.execute(text(LOCKS), given)
    ]
