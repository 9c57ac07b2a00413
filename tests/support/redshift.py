"""A stand-in for Redshift: its real driver and our real statements, carried out by PostgreSQL.

The way to the server leaves out what only Redshift knows of a connection; statements lose what only Redshift knows of
a table, its keys among them, which Redshift does not enforce; COPY is done here, from the manifest and its files.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import sqlglot
from sqlalchemy import URL, Connection, Engine, create_engine, event

from demo.servers import s3
from demo.servers.postgres import HOST, Postgres
from demo.servers.s3 import S3Server

USER = "rs"
KNOWN = {b"user", b"database", b"application_name"}
COPY = re.compile(r"^COPY \"(\w+)\" FROM 's3://([^/]+)/([^']+)' IAM_ROLE default FORMAT AS PARQUET MANIFEST$")
ONLY_REDSHIFT = [
    (re.compile(r",?\n  (PRIMARY KEY|UNIQUE) \([^)]*\)"), ""),
    (re.compile(r" ENCODE \w+"), ""),
    (re.compile(r"\nDISTSTYLE \w+(\nDISTKEY \([^)]*\))?"), ""),
    (re.compile(r"\nSORTKEY \([^)]*\)"), ""),
    (re.compile(r"\nWITH NO SCHEMA BINDING"), ""),
    (re.compile(r"\bSUPER\b"), "jsonb"),
    (re.compile(r"\bVARBYTE\(\d+\)"), "bytea"),
    (re.compile(r"\bTO ROLE\b"), "TO"),
    (  # PostgreSQL alters no column that a view reads, and has no late-binding ones
        re.compile(r"^ALTER TABLE (\S+) ALTER COLUMN \"?(\w+)\"? TYPE VARCHAR\((\d+)\)$"),
        r"UPDATE pg_attribute SET atttypmod = \3 + 4 WHERE attrelid = '\1'::regclass AND attname = '\2'",
    ),
]
KNOWS = """
CREATE FUNCTION strtol(text, int) RETURNS bigint IMMUTABLE LANGUAGE sql AS
  $$ SELECT ('x' || lpad($1, 16, '0'))::bit(64)::bigint $$;
CREATE FUNCTION pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE sql AS $$
  SELECT table_schema::name, table_name::name, column_name::name, data_type::varchar, ordinal_position::int
  FROM information_schema.columns JOIN information_schema.views USING (table_schema, table_name) $$;
CREATE VIEW svv_roles AS SELECT rolname::text AS role_name FROM pg_roles;
CREATE VIEW svv_transactions AS
  SELECT l.pid, a.usename::text AS txn_owner, a.xact_start AS txn_start, l.relation, l.granted
  FROM pg_locks l JOIN pg_stat_activity a USING (pid);
"""


@dataclass
class Cluster:
    """A warehouse as the product meets it, the same one as its administrator sees it, and all that it was told."""

    engine: Engine
    direct: Engine
    storage: S3Server
    said: list[str] = field(default_factory=list)


@contextmanager
def cluster(server: Postgres, storage: S3Server, name: str) -> Iterator[Cluster]:
    """An empty warehouse of its own."""
    with psycopg.connect(_address(server, "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (USER,)).fetchone():
            admin.execute(f"CREATE ROLE {USER} SUPERUSER LOGIN")
            rules = Path(str(admin.execute("SHOW hba_file").fetchone()[0]))  # type: ignore[index]
            rules.write_text(f"host all {USER} {HOST}/32 trust\n{rules.read_text()}")
            admin.execute("SELECT pg_reload_conf()")
        with psycopg.connect(_address(server, name), autocommit=True) as knows, _way(server.port) as port:
            knows.execute(KNOWS)
            url = URL.create("redshift+redshift_connector", USER, "x", HOST, port, name)
            made = Cluster(
                create_engine(url, connect_args={"ssl": False}),
                create_engine(server.url("psycopg", name)),
                storage,
            )
            event.listen(made.engine, "before_cursor_execute", _played(made), retval=True)
            try:
                yield made
            finally:
                made.engine.dispose()
                made.direct.dispose()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _address(server: Postgres, name: str) -> str:
    return server.url("psycopg", name).replace("+psycopg", "")


def _played(made: Cluster) -> Any:
    def before(_: Connection, cursor: Any, statement: str, parameters: Any, *__: object) -> tuple[str, Any]:
        made.said.append(statement)
        if found := COPY.match(statement):
            _copy(made.storage, cursor, *found.groups())
            return "SELECT 1", parameters
        for words, instead in ONLY_REDSHIFT:
            statement = words.sub(instead, statement)
        return statement, parameters

    return before


def _copy(storage: S3Server, cursor: Any, table: str, bucket: str, key: str) -> None:
    """Files whose length is not the manifest's, or whose columns are not the table's, are refused, as by Redshift."""
    client: Any = s3.client(storage)
    read = lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read()  # noqa: E731
    cursor.execute(f"SELECT count(*) FROM information_schema.columns WHERE table_name = '{table}'")
    (columns,) = cursor.fetchone()
    for entry in json.loads(read(key))["entries"]:
        body = read(entry["url"].removeprefix(f"s3://{bucket}/"))
        assert (entry["mandatory"], entry["meta"]["content_length"]) == (True, len(body))
        rows = pq.read_table(BytesIO(body))
        assert rows.num_columns == columns
        for row in rows.to_pylist():
            places = ", ".join(["%s"] * len(row))
            cursor.execute(f'INSERT INTO "{table}" VALUES ({places})', tuple(row.values()))


@contextmanager
def _way(port: int) -> Iterator[int]:
    """A port that leads to the server, without the connection's words that it does not know."""
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=_serve, args=(client, port), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def _serve(client: socket.socket, port: int) -> None:
    (length,) = struct.unpack("!i", client.recv(4, socket.MSG_WAITALL))
    said = client.recv(length - 4, socket.MSG_WAITALL)
    words = said[4:].rstrip(b"\0").split(b"\0")
    known = b"".join(
        name + b"\0" + value + b"\0" for name, value in zip(words[::2], words[1::2], strict=True) if name in KNOWN
    )
    server = socket.create_connection((HOST, port))
    server.sendall(struct.pack("!i", len(known) + 9) + said[:4] + known + b"\0")
    threading.Thread(target=_pass, args=(client, server), daemon=True).start()
    _pass(server, client)


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def parsed(statement: str) -> str:
    """The kind of a statement, as sqlglot reads Redshift; raises where it cannot."""
    return type(sqlglot.parse_one(statement.replace("%s", "?"), dialect="redshift")).__name__
