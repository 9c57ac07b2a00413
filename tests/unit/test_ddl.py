"""The declarations as tables of a warehouse, and the DDL of both dialects."""

from pathlib import Path

import pytest

import transforms
from lakehouse.contracts import (
    Catalog,
    Column,
    Curation,
    Cursor,
    Items,
    Mart,
    MartColumn,
    OneOf,
    Recipe,
    Table,
    Terminal,
)
from lakehouse.warehouse import ddl_postgres, ddl_redshift, declared, evolution
from lakehouse.warehouse.model import SCHEMAS, Relation, Type, parse
from tests.support.warehouse import relation

SNAPSHOTS = Path(__file__).parent / "snapshots"
GUESTS = Table(
    name="guests",
    key=("id",),
    strategy=Cursor("updated_at"),
    description="A guest's record.",
    columns=(
        Column("id", "BIGINT", stored="INT", nullable=False, meaning="Number", pii="identifier"),
        Column("mail", "STRING", stored="VARCHAR(100)", meaning="Address", pii="personal"),
        Column("tier", "STRING", stored="CHAR(1)", meaning="Tier", spelling=OneOf(("gold",), aliases=(("g", "gold"),))),
        Column("order", "VARCHAR(20)", meaning="A reserved word, 100% of it \\ and a quote's"),
        Column("likes", "ARRAY<STRING>", stored="TEXT", spelling=Items()),
        Column("balance", "DECIMAL(38,2)", meaning="Owed"),
        Column("updated_at", "TIMESTAMP(6)", nullable=False, meaning="Last change, UTC"),
    ),
    history=True,
)
STAYS = Mart(
    "stays_monthly",
    grain=("guest_id", "month"),
    period="month",
    description="Stays of a guest by month.",
    columns=(
        MartColumn("guest_id", "BIGINT", "Guest"),
        MartColumn("month", "DATE", "First day of the month"),
        MartColumn("stays", "INT", "Stays that begin in it", "stays"),
        MartColumn("is_partial", "BOOLEAN", "The month is not over"),
    ),
)
RATES = Mart(
    "rates", ("city",), "A rate.", columns=(MartColumn("city", "STRING", ""), MartColumn("rate", "DOUBLE", ""))
)
CATALOG = Catalog(
    {"guests": Curation(GUESTS, lambda rows: rows, "1")},
    {m.name: Recipe(m, lambda: None, (), "1") for m in (STAYS, RATES)},
)


def of(name: str) -> Relation:
    return next(r for r in declared.relations(CATALOG) if r.where == name)


def columns(name: str) -> dict[str, str]:
    return {c.name: ddl_postgres.named(c.type) for c in of(name).columns}


def test_every_layer_has_its_tables() -> None:
    assert [r.where for r in declared.relations(CATALOG)] == [
        "raw_data.guests", "curated.guests", "curated.guests_history", "presentation.stays_monthly",
        "presentation.rates", "presentation.load_log", "presentation.freshness",
        "presentation.mirrors", "quarantine.guests",
    ]  # fmt: skip
    assert [r.schema for r in declared.relations(CATALOG, ["quarantine"])] == ["quarantine"]


def test_a_personal_column_is_the_sources_in_raw_data_and_a_hash_from_there_on() -> None:
    of_layer = {
        schema: {c.name: c for c in of(f"{schema}.guests").columns} for schema in ("raw_data", "curated", "quarantine")
    }
    assert of_layer["raw_data"]["mail"].comment == "Address"
    assert of_layer["curated"]["mail"].comment == "Address (keyed hash)"
    assert of_layer["raw_data"]["mail"].type == Type("text", bytes=400)
    assert of_layer["raw_data"]["id"].type == Type("int")
    assert of_layer["quarantine"]["id"].type == of_layer["curated"]["id"].type == Type("bigint")


def test_keys_are_the_declared_ones_and_periods_come_first() -> None:
    assert {r.where: r.key for r in declared.relations(CATALOG)} == {
        "raw_data.guests": ("id", "_seq"), "curated.guests": ("id",), "curated.guests_history": ("id", "_seq"),
        "presentation.stays_monthly": ("month", "guest_id"), "presentation.rates": ("city",),
        "presentation.load_log": ("release",), "presentation.freshness": ("mart", "source"),
        "presentation.mirrors": ("mirror",),
        "quarantine.guests": ("id",),
    }  # fmt: skip
    assert of("curated.guests").is_primary
    assert not of("quarantine.guests").is_primary
    assert not of("presentation.stays_monthly").is_primary


def test_marts_count_in_64_bit_and_say_their_unit() -> None:
    stays = next(c for c in of("presentation.stays_monthly").columns if c.name == "stays")
    assert (ddl_postgres.named(stays.type), stays.comment) == ("bigint", "Stays that begin in it [stays]")


def test_a_name_for_two_tables_and_a_type_without_a_form_are_refused_by_name() -> None:
    log = Mart("load_log", ("a",), "", columns=(MartColumn("a", "BIGINT", ""),))
    with pytest.raises(Terminal, match=r"presentation\.load_log is declared twice"):
        declared.relations(Catalog({}, {"load_log": Recipe(log, lambda: None, (), "1")}))
    odd = Mart("odd", ("a",), "", columns=(MartColumn("a", "MAP<STRING,INT>", ""),))
    with pytest.raises(Terminal, match="mart odd: column a: type MAP<STRING,INT> has no form"):
        declared.relations(Catalog({}, {"odd": Recipe(odd, lambda: None, (), "1")}))


@pytest.mark.parametrize(
    ("there", "wanted", "is_wider"),
    [
        ("integer", "bigint", True), ("smallint", "integer", True), ("bigint", "integer", False),
        ("numeric(12,2)", "numeric(14,2)", True), ("numeric(12,2)", "numeric(12,2)", False),
        ("numeric(14,2)", "numeric(12,2)", False), ("numeric(12,2)", "numeric(14,3)", False),
        ("numeric", "numeric(14,2)", False), ("character varying(9)", "text", True), ("character(3)", "text", False),
        ("text", "bigint", False), ("bigint", "text", False), ("date", "timestamp with time zone", False),
        ("timestamp without time zone", "timestamp with time zone", False), ("text", "text[]", False),
    ],
)  # fmt: skip
def test_only_a_type_that_holds_every_value_as_it_is_is_wider(there: str, wanted: str, is_wider: bool) -> None:
    assert ddl_postgres.widens(there, wanted) is is_wider


def test_the_statements_for_redshift_are_those_that_were_looked_at() -> None:
    text = "".join(f"{s};\n" for s in ddl_redshift.script(declared.relations(CATALOG)))
    assert text == (SNAPSHOTS / "redshift.sql").read_text("utf-8")


def test_the_statements_for_postgres_are_those_that_were_looked_at() -> None:
    text = "".join(f"{s};\n" for s in evolution.script(declared.relations(CATALOG)))
    assert text == (SNAPSHOTS / "postgres.sql").read_text("utf-8")


def test_redshift_can_hold_every_table_of_the_marketplace() -> None:
    found = declared.relations(transforms.catalog())
    assert {r.schema for r in found} == set(SCHEMAS)
    assert [problem for r in found for problem in ddl_redshift.limits(r)] == []
    assert len(ddl_redshift.script(found)) > len(found)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"n" * 128: "BIGINT"}, "longer than 127 bytes"),
        ({"Day": "DATE", "day": "DATE"}, "two columns are named day but for upper case"),
        ({"a": "DECIMAL(39,2)"}, "more than 38 digits"),
        ({f"c{i}": "BIGINT" for i in range(1601)}, "1601 columns are more than the 1600"),
    ],
)
def test_what_redshift_cannot_hold_is_refused_by_name(columns: dict[str, str], told: str) -> None:
    with pytest.raises(Terminal, match=rf"presentation\.revenue: .*{told}"):
        ddl_redshift.script([relation(**columns)])


def test_texts_are_measured_in_bytes_and_a_text_of_unknown_length_gets_all_that_redshift_has() -> None:
    assert ddl_redshift.named(parse("VARCHAR(50)")) == "VARCHAR(200)"
    assert ddl_redshift.named(parse("VARCHAR(20000)")) == "VARCHAR(65535)"
    assert ddl_redshift.named(parse("STRING")) == "VARCHAR(65535)"
    assert ddl_redshift.named(parse("ARRAY<STRING>")) == "SUPER"
