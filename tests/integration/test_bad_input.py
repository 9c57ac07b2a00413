"""Bad input through the command line: one clear line, an exit code, nothing half-written, no secret."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.marketplace import schema
from demo.marketplace.admin import Admin, admin_of
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from lakehouse import jars
from tests.support import command

REPOSITORY = Path(__file__).parents[2]
NUMBERS = itertools.count()
NOWHERE = "9"  # the discard port: nobody listens
WRONG = "a-wrong-and-secret-word"


@dataclass(frozen=True)
class Shell:
    """The command line in a folder of its own, told everything it needs by the environment."""

    folder: Path
    admin: Admin
    environment: dict[str, str]

    def say(self, *words: str, within: float = 120, **changed: str) -> subprocess.CompletedProcess[str]:
        """Runs `lakehouse <words>` with these variables changed, for so many seconds at most."""
        return command.say(*words, folder=self.folder, environment=self.environment | changed, within=within)

    def refused(self, *words: str, told: tuple[str, ...], **changed: str) -> None:
        """Runs it, and requires one line that tells all of `told`, no secret, no traceback, no table but the ledger."""
        done = self.say(*words, **changed)
        output = done.stdout + done.stderr
        marks = ("error: ", "✗ ")
        lines = [x for x in output.splitlines() if x.startswith(marks) and all(word in x for word in told)]
        assert done.returncode == 1, output
        assert len(lines) == 1, output
        assert "Traceback" not in output
        secrets = {v for k, v in (self.environment | changed).items() if k.endswith("PASSWORD")}
        assert not [secret for secret in secrets if secret in output]
        assert not [x for x in self.folder.rglob("_delta_log") if "_ledger" not in x.parts]
        assert not list(self.folder.rglob("_staging"))


@pytest.fixture
def shell(
    source_server: MariaDb, warehouse_server: Postgres, prefect_server: PrefectServer, tmp_path: Path
) -> Iterator[Shell]:
    admin = admin_of(source_server, f"bad_input{next(NUMBERS)}")
    schema.create(admin)
    yield Shell(
        tmp_path,
        admin,
        {
            **os.environ,
            "PREFECT_API_URL": prefect_server.api,
            "LAKEHOUSE_LAKE": str(tmp_path / "lake"),
            "LAKEHOUSE_SOURCE__HOST": source_server.host,
            "LAKEHOUSE_SOURCE__PORT": str(source_server.port),
            "LAKEHOUSE_SOURCE__USER": source_server.user,
            "LAKEHOUSE_SOURCE__PASSWORD": source_server.password,
            "LAKEHOUSE_SOURCE__DATABASE": admin.database,
            "LAKEHOUSE_SOURCE__TLS": "off",
            "LAKEHOUSE_WAREHOUSE__HOST": warehouse_server.host,
            "LAKEHOUSE_WAREHOUSE__PORT": str(warehouse_server.port),
            "LAKEHOUSE_WAREHOUSE__USER": warehouse_server.user,
            "LAKEHOUSE_WAREHOUSE__PASSWORD": warehouse_server.password,
            "LAKEHOUSE_WAREHOUSE__TLS": "off",
        },
    )
    with admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {admin.database}")


COMMANDS = [pytest.param("check", marks=pytest.mark.long), "run"]
BAD_SETTINGS = {
    "source_unreachable": ({"LAKEHOUSE_SOURCE__PORT": NOWHERE}, ("is unreachable", "LAKEHOUSE_SOURCE__HOST")),
    "source_password": ({"LAKEHOUSE_SOURCE__PASSWORD": WRONG}, ("refused user", "LAKEHOUSE_SOURCE__USER")),
    "warehouse_unreachable": ({"LAKEHOUSE_WAREHOUSE__PORT": NOWHERE}, ("is unreachable", "LAKEHOUSE_WAREHOUSE__HOST")),
    "warehouse_password": ({"LAKEHOUSE_WAREHOUSE__PASSWORD": WRONG}, ("refused the user", "LAKEHOUSE_WAREHOUSE__USER")),
    "unknown_setting": ({"LAKEHOUSE_SOURCE__HOSTT": "x"}, ("unknown setting", "LAKEHOUSE_SOURCE__HOST?")),
    "spark_absent": (
        {"LAKEHOUSE_SPARK__MASTER": f"spark://127.0.0.1:{NOWHERE}", "LAKEHOUSE_SPARK__READER": "jdbc"},
        ("no Spark answers at", "LAKEHOUSE_SPARK__MASTER"),
    ),
    "java_missing": ({"PATH": "", "JAVA_HOME": ""}, ("no java on the PATH", "17 or newer")),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("bad", BAD_SETTINGS)
def test_a_bad_setting_is_told_in_one_line(shell: Shell, command: str, bad: str) -> None:
    changed, told = BAD_SETTINGS[bad]
    shell.refused(command, told=told, **changed)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_lake_that_is_a_file_is_told_in_one_line(shell: Shell, command: str) -> None:
    (shell.folder / "lake").write_text("not a folder")
    shell.refused(command, told=("lake", "is not writable", "LAKEHOUSE_LAKE"))
    assert (shell.folder / "lake").read_text() == "not a folder"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_java_that_is_too_old_is_told_in_one_line(shell: Shell, command: str) -> None:
    java = shell.folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_412\"' >&2\n")
    java.chmod(0o755)
    shell.refused(command, told=("Java 8 at", "too old", "17 or newer"), JAVA_HOME=str(shell.folder))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_jar_that_fails_its_checksum_is_told_by_name(shell: Shell, command: str) -> None:
    folder = shell.folder / "jars"
    folder.mkdir()
    for jar in jars.class_path(jars.default_folder()):
        (folder / jar.name).symlink_to(jar)
    damaged = jars.locked(jars.SPARK_ROLES, jars.LOCK)[0].file
    (folder / damaged).unlink()
    (folder / damaged).write_bytes(b"not the jar")
    shell.refused(command, told=(damaged, "is damaged", "make jars"), LAKEHOUSE_JARS=str(folder))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_that_is_missing_in_the_source_is_told_by_name(shell: Shell, command: str) -> None:
    with shell.admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE bookings")
    words = (command,) if command == "check" else (command, "--table", "bookings")
    shell.refused(*words, told=("table bookings does not exist", "check"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_column_that_is_missing_in_the_source_is_told_by_name(shell: Shell, command: str) -> None:
    with shell.admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bookings DROP COLUMN total_price")
    words = (command,) if command == "check" else (command, "--table", "bookings")
    shell.refused(*words, told=("column bookings.total_price is missing", "in the source"))


def test_an_unknown_table_is_told_with_those_there_are(shell: Shell) -> None:
    shell.refused("run", "--table", "bookingz", told=("there is no table bookingz", "bookings"))
