"""Who is on the list of the erased, and what of a source is theirs; without Spark."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from demo.servers.mariadb import MariaDb
from lakehouse import erasure, suppression
from lakehouse.contracts import Catalog, Column, Curation, Snapshot, Table, Terminal
from lakehouse.lake import Lake
from lakehouse.pseudonyms import Pseudonyms
from lakehouse.settings import PrivacySettings, Settings
from lakehouse.source.connection import connect, rows
from tests.support.lab import Lab, lab

OURS = Pseudonyms(SecretStr("a key of more than sixteen letters"))
LETTERS = Table(
    "letters", ("id",), Snapshot(),
    (Column("id", "INT"), Column("sender", "STRING", stored="VARCHAR(20)", pii="identifier"),
     Column("reader", "BIGINT", stored="INT", pii="identifier")),
)  # fmt: skip
DDL = "CREATE TABLE letters (id INT PRIMARY KEY, sender VARCHAR(20), reader INT)"


@pytest.fixture
def letters(source_server: MariaDb, tmp_path: Path) -> Iterator[Lab]:
    with lab(source_server, str(tmp_path / "lake"), LETTERS, DDL) as opened:
        opened.sql(
            "INSERT INTO letters VALUES (1, 'bob', 7), (2, 'Bob', NULL), (3, NULL, NULL), (4, '7', 8)",
            "INSERT INTO letters VALUES (5, 'é''\\\\', 8)",
        )
        yield opened


def left_of(letters: Lab, *persons: str) -> tuple[list[int], int]:
    """The rows that are still read once these are erased, and how many are set aside."""
    lake = Lake.of(letters.settings)
    for person in persons:
        suppression.add(lake, OURS, person, "r", [LETTERS])
    with connect(letters.settings.source) as connection:
        aside = suppression.aside(connection, LETTERS, suppression.erased(lake, OURS), OURS)
        kept = rows(connection, f"SELECT id FROM letters WHERE {aside.of('id > 0')} ORDER BY id")
    assert not [person for person in persons if person in repr(aside)]
    return [row[0] for row in kept], aside.rows


def test_only_the_very_same_text_is_set_aside_and_no_row_without_an_id_is_lost(letters: Lab) -> None:
    assert left_of(letters, "bob") == ([2, 3, 4, 5], 1)


def test_a_person_is_found_in_every_column_that_names_one_whatever_its_type(letters: Lab) -> None:
    assert left_of(letters, "7") == ([2, 3, 5], 2)


def test_an_id_with_quotes_is_data_and_no_sql(letters: Lab) -> None:
    assert left_of(letters, "é'\\") == ([1, 2, 3, 4], 1)


def test_nobody_on_the_list_leaves_the_condition_as_it_is(letters: Lab) -> None:
    assert left_of(letters) == ([1, 2, 3, 4, 5], 0)


def test_the_list_holds_no_real_id_and_twice_is_once(letters: Lab) -> None:
    lake = Lake.of(letters.settings)

    first = suppression.add(lake, OURS, "1977000777", "r", [LETTERS])
    again = suppression.add(lake, OURS, "1977000777", "s", [LETTERS])

    assert first == again and -(2**31) <= first.alias < 0, "it fits the narrowest column"
    (row,) = suppression._entries(lake)
    assert "1977000777" not in str(row)
    suppression.finish(lake, OURS, first, "r")
    assert suppression.erased(lake, OURS) == (replace(first, done=True),)


def test_a_list_that_another_key_made_stops_everything(letters: Lab) -> None:
    lake = Lake.of(letters.settings)
    suppression.add(lake, OURS, "7", "r", [LETTERS])

    with pytest.raises(Terminal, match="made by another LAKEHOUSE_PRIVACY__KEY"):
        suppression.erased(lake, Pseudonyms(SecretStr("another key of sixteen letters")))
    with pytest.raises(Terminal, match="set LAKEHOUSE_PRIVACY__KEY"):
        letters.opened().extractor("letters").aside  # noqa: B018


NUMBERED = replace(LETTERS, columns=(LETTERS.columns[0], LETTERS.columns[2]))


@pytest.mark.parametrize(
    ("table", "key", "person", "why"),
    [
        (LETTERS, "", "7", "set LAKEHOUSE_PRIVACY__KEY"),
        (replace(LETTERS, columns=LETTERS.columns[:1]), OURS.key.get_secret_value(), "7", "there is nobody to erase"),
        (NUMBERED, OURS.key.get_secret_value(), "seven", "whole number here; check what --user was given"),
    ],
)
def test_what_cannot_be_erased_is_refused_with_the_reason(
    table: Table, key: str, person: str, why: str, tmp_path: Path
) -> None:
    settings = Settings(lake=str(tmp_path / "lake"), privacy=PrivacySettings(key=SecretStr(key)))
    catalog = Catalog({"letters": Curation(table, lambda found: found, "1")})

    with pytest.raises(Terminal, match=why):
        erasure.erase(settings, catalog, None, person)

    assert suppression._entries(Lake.of(settings)) == []
