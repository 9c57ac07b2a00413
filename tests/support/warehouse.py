"""A warehouse of its own, its users, and what its catalogue says."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine

from demo.servers.postgres import Postgres
from lakehouse.warehouse.model import Column, Relation, parse

NUMBERS = itertools.count()
PASSWORD = "canary-of-the-users"
ROLES = ("loader", "analyst", "steward")
CATALOGUE = """
SELECT 'relation', c.oid::text, n.nspname || '.' || c.relname, c.relkind::text, pg_get_userbyid(c.relowner),
  c.relacl::text, CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^(pg_|information_schema)'
UNION ALL SELECT 'column', a.attrelid::text, a.attname, a.attnum::text, format_type(a.atttypid, a.atttypmod),
  a.attacl::text, col_description(a.attrelid, a.attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema)' AND a.attnum > 0
UNION ALL SELECT 'comment', d.objoid::text, d.description, NULL, NULL, NULL, NULL
FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema)' AND d.objsubid = 0
UNION ALL SELECT 'schema', n.oid::text, n.nspname, pg_get_userbyid(n.nspowner), n.nspacl::text, NULL, NULL
FROM pg_namespace n WHERE n.nspname !~ '^(pg_|information_schema)'
UNION ALL SELECT 'default', d.defaclrole::text, d.defaclnamespace::text, d.defaclobjtype::text, d.defaclacl::text,
  NULL, NULL FROM pg_default_acl d
ORDER BY 1, 2, 3, 4
"""


@contextmanager
def warehouse(server: Postgres) -> Iterator[Engine]:
    """An empty database as its administrator sees it; it and our roles are gone afterwards."""
    name = f"ddl{next(NUMBERS)}"
    outer = create_engine(server.url("psycopg", "postgres"), isolation_level="AUTOCOMMIT")
    engine = create_engine(server.url("psycopg", name))
    with outer.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield engine
        finally:
            engine.dispose()
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            for role in (
                *ROLES,
                *connection.exec_driver_sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^x_'").scalars(),
            ):
                connection.exec_driver_sql(f"DROP ROLE IF EXISTS {role}")
    outer.dispose()


def user(engine: Engine, name: str, *statements: str) -> Engine:
    """A new user of the database, with what the statements give it."""
    sql(engine, f"CREATE USER x_{name} PASSWORD '{PASSWORD}'", *statements)
    return create_engine(engine.url.set(username=f"x_{name}", password=PASSWORD))


def sql(engine: Engine, *statements: str) -> None:
    """Runs statements in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def rows(engine: Engine, query: str) -> list[tuple]:
    """The result of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def catalogue(engine: Engine) -> list[tuple]:
    """Everything that the catalogue says of what is not the server's own."""
    return rows(engine, CATALOGUE)


def relation(name: str = "revenue", schema: str = "presentation", **columns: str) -> Relation:
    """A table of these columns; the first is its key, and none has a value that must be."""
    found = tuple(Column(n, parse(kind), comment=f"What {n} is") for n, kind in columns.items())
    return Relation(schema, name, found, key=(found[0].name,), comment="Revenue of a day: 100% of it")
