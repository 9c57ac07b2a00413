"""`lakehouse check --source` finds on the user's own server whatever would make a promise untrue."""

from collections.abc import Iterator

import pymysql
import pytest
from pydantic import SecretStr

from demo.servers.mariadb import MariaDb
from lakehouse.contracts import Column, Snapshot, Table
from lakehouse.settings import SourceSettings
from lakehouse.source import assumptions
from lakehouse.source.connection import connect
from tests.support.things import STAMPED, STAMPED_DDL

TABLES = [STAMPED, Table("tag", ("name",), Snapshot(), (Column("name", "VARCHAR(20)"),))]


@pytest.fixture
def source(source_server: MariaDb) -> Iterator[SourceSettings]:
    server = source_server
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        cursor = root.cursor()
        cursor.execute("CREATE DATABASE checked CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        cursor.execute("USE checked")
        cursor.execute(STAMPED_DDL)
        cursor.execute("CREATE TABLE tag (name VARCHAR(20) PRIMARY KEY)")
        yield SourceSettings(
            host=server.host, port=server.port, user=server.user, password=server.password, database="checked",
            tls="off",
        )  # fmt: skip
        cursor.execute("DROP DATABASE checked")


def sql(server: MariaDb, *statements: str) -> None:
    with pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password, database="checked"
    ) as root:
        for statement in statements:
            root.cursor().execute(statement)


def looked(source: SourceSettings) -> dict[str, assumptions.Finding]:
    with connect(source) as connection:
        return {finding.about: finding for finding in assumptions.look(connection, source, TABLES)}


def test_a_good_source_holds_every_assumption(source: SourceSettings) -> None:
    found = looked(source)

    assert [finding for finding in found.values() if not finding.holds] == []
    assert "+00:00, repeatable read" in found["session"].says
    assert "statement history" in found["safe horizon"].says
    assert "a change of case is a new key" in found["table tag"].says


@pytest.mark.parametrize(
    ("trouble", "relief", "about", "says"),
    [
        ("ALTER TABLE thing ENGINE = MyISAM", "DO 1", "table thing", "ALTER TABLE `thing` ENGINE = InnoDB"),
        ("ALTER TABLE thing DROP COLUMN value", "DO 1", "table thing", "thing.value is missing"),
        ("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0", "safe horizon", "name the writer endpoint"),
    ],
    ids=["engine", "column", "replica"],
)
def test_what_does_not_hold_is_named_with_its_remedy(
    source: SourceSettings, source_server: MariaDb, trouble: str, relief: str, about: str, says: str
) -> None:
    sql(source_server, trouble)
    try:
        found = looked(source)
    finally:
        sql(source_server, relief)

    assert not found[about].holds
    assert says in found[about].says


def test_a_cursor_without_an_index_is_told_with_the_statement_that_makes_one(
    source: SourceSettings, source_server: MariaDb
) -> None:
    sql(source_server, "ALTER TABLE thing DROP INDEX updated_at")

    assert "CREATE INDEX `updated_at_idx` ON `thing` (`updated_at`)" in looked(source)["table thing"].says


def test_a_user_without_process_is_told_what_is_then_not_proven(source: SourceSettings, source_server: MariaDb) -> None:
    sql(source_server, "CREATE USER half@'%' IDENTIFIED BY 'h4lf'", "GRANT SELECT ON checked.* TO half@'%'")
    found = looked(source.model_copy(update={"user": "half", "password": SecretStr("h4lf")}))
    sql(source_server, "DROP USER half@'%'")

    assert not found["safe horizon"].holds
    assert "grant PROCESS" in found["safe horizon"].says
