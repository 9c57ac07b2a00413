"""Identifiers, quoted by one function per dialect; values are always bound instead."""

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
