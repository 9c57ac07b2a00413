"""What a Redshift warehouse has: schemas, roles, tables with their columns, late-binding views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
  COALESCE(d.description, ''), COALESCE(t.description, '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum
  LEFT JOIN pg_description t ON t.objoid = c.oid AND t.objsubid = 0
WHERE n.nspname IN ({}) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
VIEWS = """
SELECT view_schema, view_name, col_name
FROM pg_get_late_binding_view_cols()
  cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)
WHERE view_schema IN ({}) ORDER BY col_num
"""
SCHEMAS, ROLES = "SELECT nspname FROM pg_namespace", "SELECT role_name FROM svv_roles"
LOCKS = """
SELECT DISTINCT t.pid, t.txn_owner, t.txn_start FROM svv_transactions t
JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.granted AND t.pid <> pg_backend_pid() AND n.nspname = 'presentation_data' ORDER BY t.txn_start LIMIT 5
"""


@dataclass(frozen=True)
class FoundColumn:
    """A column that is there: its type as Redshift tells it, its comment and its table's."""

    type: str
    comment: str
    table_comment: str


@dataclass(frozen=True)
class Found:
    """Columns by table, and their names by late-binding view."""

    tables: dict[str, dict[str, FoundColumn]]
    views: dict[str, list[str]]


def schemas(connection: Connection) -> set[str]:
    """The names of all schemas."""
    return set(connection.execute(text(SCHEMAS)).scalars())


def roles(connection: Connection) -> set[str]:
    """The names of the roles that the user may see."""
    return set(connection.execute(text(ROLES)).scalars())


def look(connection: Connection, tables_of: Collection[str], views_of: Collection[str]) -> Found:
    """The tables of some schemas, and the late-binding views of some."""
    found = Found(defaultdict(dict), defaultdict(list))
    names, given = _bound(tables_of)
    for schema, table, column, kind, comment, told in connection.execute(text(COLUMNS.format(names)), given):
        found.tables[f"{schema}.{table}"][column] = FoundColumn(kind, comment, told)
    names, given = _bound(views_of)
    for schema, view, column in connection.execute(text(VIEWS.format(names)), given):
        found.views[f"{schema}.{view}"].append(column)
    return found


def _bound(values: Collection[str]) -> tuple[str, dict[str, str]]:
    given = {f"name{number}": value for number, value in enumerate(sorted(values))}
    return ", ".join(f":{name}" for name in given), given


def holders(connection: Connection) -> list[str]:
    """Who holds locks on the tables of the marts; no word of what they do."""
    found = connection.execute(text(LOCKS))
    return [f"pid {pid} of user {str(user).strip()}, whose transaction began {since} UTC" for pid, user, since in found]
