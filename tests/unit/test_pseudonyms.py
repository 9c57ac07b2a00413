"""Keyed hashes: stable, told apart by the key, and silent about it; declarations that cannot be hidden are refused."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from lakehouse.contracts import Column, OneOf, Snapshot, Table, Terminal
from lakehouse.pseudonyms import Pseudonyms

KEY = "a key of more than sixteen letters"
MAIL = Column("mail", "STRING", stored="VARCHAR(100)", pii="personal")
USER = Column("user_id", "BIGINT", stored="INT", pii="identifier")
PEOPLE = Table("people", ("id",), Snapshot(), (Column("id", "BIGINT"), USER, MAIL))


def pseudonyms(key: str = KEY, *, identifiers: bool = False) -> Pseudonyms:
    return Pseudonyms(SecretStr(key), identifiers)


def test_a_hash_is_stable_and_of_another_key_another() -> None:
    ours, others = pseudonyms(), pseudonyms(KEY + "!")

    assert ours.value("ann@example.org", MAIL) == pseudonyms().value("ann@example.org", MAIL)
    assert ours.value("ann@example.org", MAIL) != others.value("ann@example.org", MAIL)
    assert len(str(ours.value("ann@example.org", MAIL))) == 64


def test_an_identifier_stays_as_it_is_until_the_setting_says_otherwise() -> None:
    assert pseudonyms().value(42, USER) == 42

    hidden = pseudonyms(identifiers=True).value(42, USER)

    assert isinstance(hidden, int) and hidden != 42 and 0 <= hidden < 2**60


def test_the_fingerprint_tells_of_key_and_setting_and_is_empty_where_nothing_is_hashed() -> None:
    plain = replace(PEOPLE, columns=(Column("id", "BIGINT"), USER))
    marks = {pseudonyms().fingerprint(PEOPLE), pseudonyms(KEY + "!").fingerprint(PEOPLE),
             pseudonyms(identifiers=True).fingerprint(PEOPLE)}  # fmt: skip

    assert len(marks) == 3 and not any(KEY in mark for mark in marks)
    assert pseudonyms("").fingerprint(plain) == ""


def test_the_key_is_in_no_text_of_what_holds_it() -> None:
    ours = pseudonyms()

    assert KEY not in f"{ours!r} {ours} {ours.key_mark} {ours.mark('person', 42)}"


@pytest.mark.parametrize("key", ["", "short"])
def test_a_personal_column_without_a_key_is_refused_by_name(key: str) -> None:
    with pytest.raises(Terminal, match="table people: mail is to be hashed: set LAKEHOUSE_PRIVACY__KEY") as caught:
        pseudonyms(key).fingerprint(PEOPLE)

    assert "short" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (Column("born", "DATE", pii="personal"), "must be text, or BIGINT"),
        (Column("phone", "INT", pii="personal"), "must be text, or BIGINT"),
        (Column("host_id", "BIGINT", stored="SMALLINT", pii="identifier"), "must be text, or BIGINT"),
        (Column("sex", "STRING", stored="CHAR(1)", pii="personal", spelling=OneOf(("m", "f"))), "takes no spelling"),
        (Column("note", "TEXT", nullable=False, free_text=True), "must be nullable"),
    ],
)
def test_a_column_that_cannot_be_hidden_is_refused_when_it_is_declared(column: Column, why: str) -> None:
    with pytest.raises(Terminal, match=f"table people: column {column.name} .*{why}"):
        replace(PEOPLE, columns=(*PEOPLE.columns, column))


def test_a_name_that_is_withheld_and_read_is_refused() -> None:
    with pytest.raises(Terminal, match="table people: Mail is withheld and a column"):
        replace(PEOPLE, withheld=("Mail",))
