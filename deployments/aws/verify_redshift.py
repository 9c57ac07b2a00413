"""`python -m deployments.aws.verify_redshift`: proves on a real Redshift what no test without AWS can.

Settings name the warehouse and an S3 lake, as for a run. It makes a schema of its own, which must not be there, and
drops it at the end; of all else it reads only the catalogue.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from lakehouse import settings
from lakehouse.checksum import Checksum
from lakehouse.contracts import PipelineError, Terminal
from lakehouse.lake import Lake
from lakehouse.warehouse import catalogue_redshift as catalogue
from lakehouse.warehouse.dialect import measure
from lakehouse.warehouse.redshift import Redshift
from lakehouse.warehouse.rows import Rows
from lakehouse.warehouse.sessions import session, transaction

SCHEMA = "lakehouse_verify"
SECONDS = 120.0
SAMPLE = pa.table(
    {
        "day": pa.array([date(2024, 2, 29), date(1999, 12, 31), None], pa.date32()),
        "number": pa.array([-7, 2**53 + 1, None], pa.int64()),
        "money": pa.array([Decimal("12.30"), Decimal("-0.05"), None], pa.decimal128(14, 2)),
        "is_so": pa.array([True, False, None], pa.bool_()),
        "note": pa.array(["ü|'\\%s:x", "", None], pa.string()),
    }
)
EXPECTED = ("2024-02-29|-7|12.30|1|8|ü|'\\%s:x", "1999-12-31|9007199254740993|-0.05|0|0|", "~|~|~|~|~")


class Finding(NamedTuple):
    """One thing that was looked at; `problem` is empty where it is as the product needs it."""

    what: str
    problem: str = ""


def verify(engine: Engine, lake: Lake) -> list[Finding]:
    """What was found, one thing after the other; a thing that fails does not keep the next from being looked at.

    Raises:
        Terminal: The schema of its own is there already.
        Terminal, Transient: The warehouse refuses us or cannot be reached.
    """
    checks: dict[str, Callable[[Engine, Lake], None]] = {
        "COPY of Parquet by manifest and default role; the checksum is the lake's": _copied,
        "a late-binding view is replaced by one of more columns": _replaced,
        "the catalogue tells columns, types, comments and views as the product reads them": _told,
        "a longer text is altered in place, outside a transaction": _widened,
        "LOCK makes another session wait, and a time-out ends the wait": _locked,
        "roles and locks may be asked for": _asked,
    }
    with _own_schema(engine):
        return [_finding(what, check, engine, lake) for what, check in checks.items()]


def _finding(what: str, check: Callable[[Engine, Lake], None], engine: Engine, lake: Lake) -> Finding:
    try:
        check(engine, lake)
    except (PipelineError, AssertionError) as error:
        return Finding(what, str(error) or "it is otherwise")
    return Finding(what)


@contextmanager
def _own_schema(engine: Engine) -> Iterator[None]:
    with transaction(engine, SECONDS) as connection:
        if SCHEMA in catalogue.schemas(connection):
            raise Terminal(f"schema {SCHEMA} is there already; it is not touched. Rename or drop it, then try again")
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        connection.execute(text(f"CREATE TABLE {SCHEMA}.kept (day DATE, note VARCHAR(10))"))
        connection.execute(text(f"COMMENT ON COLUMN {SCHEMA}.kept.note IS 'A note'"))
        connection.execute(text(_view("day")))
    try:
        yield
    finally:
        with transaction(engine, SECONDS) as connection:
            connection.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))


def _view(columns: str) -> str:
    return f"CREATE OR REPLACE VIEW {SCHEMA}.seen AS\nSELECT {columns} FROM {SCHEMA}.kept\nWITH NO SCHEMA BINDING"


def _copied(engine: Engine, lake: Lake) -> None:
    source = Rows(SAMPLE.schema, SAMPLE.to_batches)
    numbers = [int(hashlib.md5(row.encode()).hexdigest()[:13], 16) for row in EXPECTED]  # noqa: S324
    with session(engine, SECONDS) as connection, connection.begin():
        Redshift().stage(connection, lake, "verified", source)
        found = measure(connection, Redshift(), "verified", source.fields)
    assert found == Checksum(len(EXPECTED), sum(numbers)), f"{found} is not the sum of {numbers}"


def _replaced(engine: Engine, lake: Lake) -> None:  # noqa: ARG001
    with transaction(engine, SECONDS) as connection:
        connection.execute(text(_view("day, note")))
        connection.execute(text(f"SELECT note FROM {SCHEMA}.seen"))  # noqa: S608


def _told(engine: Engine, lake: Lake) -> None:  # noqa: ARG001
    with transaction(engine, SECONDS) as connection:
        found = catalogue.look(connection, [SCHEMA], [SCHEMA])
    columns = {name: (column.type, column.comment) for name, column in found.tables[f"{SCHEMA}.kept"].items()}
    assert columns == {"day": ("date", ""), "note": ("character varying(10)", "A note")}, str(columns)
    assert found.views[f"{SCHEMA}.seen"][0] == "day", str(found.views)


def _widened(engine: Engine, lake: Lake) -> None:  # noqa: ARG001
    with session(engine, SECONDS) as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql(f"ALTER TABLE {SCHEMA}.kept ALTER COLUMN note TYPE VARCHAR(20)")


def _locked(engine: Engine, lake: Lake) -> None:  # noqa: ARG001
    with session(engine, SECONDS) as one, one.begin():
        one.execute(text(f"LOCK {SCHEMA}.kept"))
        try:
            with session(engine, SECONDS) as other, other.begin():
                other.execute(text("SET statement_timeout TO 1000"))
                other.execute(text(f"LOCK {SCHEMA}.kept"))
        except PipelineError as error:
            assert "locked and was waited for in vain" in str(error), str(error)
            return
    raise AssertionError("two sessions held the lock at the same time")


def _asked(engine: Engine, lake: Lake) -> None:  # noqa: ARG001
    with transaction(engine, SECONDS) as connection:
        catalogue.roles(connection)
        catalogue.holders(connection)


def main() -> None:
    """Looks, shows a table, and fails where something is not as the product needs it."""
    from tasks.blocks import warehouse  # noqa: PLC0415

    try:
        told = settings.load()
        found = verify(warehouse(told).engine(), Lake.of(told))
    except PipelineError as error:
        sys.exit(f"error: {error}")
    shown = Table("what", "found", title="Redshift, as the product needs it")
    for finding in found:
        shown.add_row(finding.what, finding.problem or "as needed")
    Console().print(shown)
    sys.exit(any(finding.problem for finding in found))


if __name__ == "__main__":
    main()
