"""Identifiers, quoted by one function per dialect; values are always bound instead, but for comments in DDL."""

from __future__ import annotations


def mysql(name: str) -> str:
    """A MySQL or MariaDB identifier."""
    return "`" + name.replace("`", "``") + "`"


def spark(name: str) -> str:
    """A Spark SQL identifier: the same form."""
    return mysql(name)


def postgres(name: str) -> str:
    """A PostgreSQL or Redshift identifier."""
    return '"' + name.replace('"', '""') + '"'


def postgres_text(text: str) -> str:
    """A text in PostgreSQL's DDL, which takes no bound values; `standard_conforming_strings` is on."""
    return "'" + text.replace("'", "''") + "'"


def redshift_text(text: str) -> str:
    """A text in Redshift's DDL, where a backslash says something of its own."""
    return postgres_text(text.replace("\\", "\\\\"))
