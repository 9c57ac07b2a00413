"""Rules are declared by name and refused before anything runs, with file and name."""

from datetime import date, timedelta

import pytest

from lakehouse.checks import (
    AnyCheck,
    between,
    columns_of,
    expression,
    fresh,
    in_set,
    literal,
    matches,
    not_null,
    problems,
    quarantine,
    references,
    unique,
    volume,
    warn,
)
from lakehouse.contracts import Column, Mart, Snapshot, Table, Terminal

COLUMNS = (Column("id", "BIGINT"), Column("price", "DECIMAL(12,2)"), Column("odd name".replace(" ", "_"), "STRING"))


def table(*checks: AnyCheck, **more: float) -> Table:
    return Table("things", ("id",), Snapshot(), COLUMNS, checks=checks, **more)


def test_every_constructor_names_its_rule_and_its_columns() -> None:
    found = [
        not_null("price"), in_set("price", (1, 2)), between("price", 0, None), matches("odd_name", "[a-z]+"),
        unique("price", "odd_name"), references("price", "others", "id"), fresh("price", timedelta(days=1)), volume(),
    ]  # fmt: skip
    assert [(c.name, columns_of(c)) for c in found] == [
        ("price_not_null", ("price",)), ("price_in_set", ("price",)), ("price_in_range", ("price",)),
        ("odd_name_matches", ("odd_name",)), ("price_odd_name_unique", ("price", "odd_name")),
        ("price_known", ("price",)), ("price_fresh", ("price",)), ("volume", ()),
    ]  # fmt: skip
    assert table(*found).row_checks == tuple(found[:4])
    assert table(*found).whole_checks == tuple(found[4:])


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("checkout_date > checkin_date", ("checkout_date", "checkin_date")),
        ("`a b` = 'c' AND d <> \"e\"", ("a b", "d")),
        ("lower(trim(x)) RLIKE '^[a-z]\\'s$' OR y IS NOT NULL", ("x", "y")),
        ("exists(items, i -> i = other)", ("items", "other")),
        ("CASE WHEN x BETWEEN 1 AND 2e3 THEN true ELSE y IN (DATE'2024-01-01') END", ("x", "y")),
        ("CAST(x AS DECIMAL(12,2)) >= 0", ("x",)),
    ],
)
def test_the_columns_of_an_expression_are_found_in_its_sql(sql: str, columns: tuple[str, ...]) -> None:
    assert columns_of(warn("w", sql)) == columns


def test_columns_that_are_named_are_not_looked_for_in_the_sql() -> None:
    assert columns_of(expression("e", "weird SYNTAX", columns=("id",))) == ("id",)


REFUSED = {
    "missing_column": (not_null("prize"), "check prize_not_null: there is no column prize; columns are id"),
    "missing_in_sql": (quarantine("q", "price > cost"), "check q: there is no column cost"),
    "share_above_one": (warn("w", "price > 0", tolerated=1.5), "check w: tolerated 1.5 is a share, from 0 to 1"),
    "share_below_zero": (unique("price", tolerated=-0.1), "tolerated -0.1 is a share"),
    "unknown_severity": (
        expression("q", "price > 0", "warm"),
        "check q: severity warm is none of a rule about one row; choose warn or",
    ),
    "twins_kept_out": (
        unique("price", severity="quarantine"),
        "check price_unique: severity quarantine is none of a rule about the whole table; choose warn or fail",
    ),
    "orphans_kept_out": (
        references("id", "boxes", "id", severity="quarantine"),
        "check id_known: severity quarantine is none of a rule about the whole table; choose warn or fail",
    ),
    "no_time": (fresh("price", timedelta(0)), "`within` must be longer than nothing"),
    "no_room": (volume(2, 1), "leave no room"),
}


@pytest.mark.parametrize("bad", REFUSED)
def test_a_rule_that_cannot_hold_is_refused_by_table_and_name(bad: str) -> None:
    check, told = REFUSED[bad]
    with pytest.raises(Terminal, match="table things: ") as error:
        table(check)
    assert told in str(error.value)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(Terminal, match="two checks are named q"):
        table(quarantine("q", "price > 0"), warn("q", "price > 1"))
    with pytest.raises(Terminal, match="mart m: two checks are named q"):
        Mart("m", ("id",), "", checks=(quarantine("q", "a > 0"), warn("q", "b > 1")))


@pytest.mark.parametrize("share", ["max_reject_share", "max_delete_share"])
def test_a_share_of_the_table_beyond_0_to_1_is_refused(share: str) -> None:
    with pytest.raises(Terminal, match=f"table things: {share} 1.5 is a share"):
        table(**{share: 1.5})


def test_a_good_declaration_has_no_problem() -> None:
    assert list(problems((warn("w", "PRICE > 0"), not_null("id")), ("id", "price"))) == []


def test_a_value_in_a_rule_is_quoted_whatever_it_holds() -> None:
    assert literal("it's a \\") == r"'it\'s a \\'"
    assert literal(date(2024, 2, 29)) == "DATE'2024-02-29'"
    assert columns_of(quarantine("q", f"x = {literal('y OR z')}")) == ("x",)
