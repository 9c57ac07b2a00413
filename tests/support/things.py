"""The plainest table with a cursor."""

from datetime import timedelta

from lakehouse.contracts import Column, Cursor, Table

STAMPED = Table(
    "thing", ("id",), Cursor("updated_at", timedelta(0)),
    (Column("id", "INT"), Column("value", "INT"), Column("updated_at", "TIMESTAMP(6)")),
)  # fmt: skip
STAMPED_DDL = """CREATE TABLE thing (id INT PRIMARY KEY, value INT,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6) ON UPDATE NOW(6), KEY (updated_at))"""
