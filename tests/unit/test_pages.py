"""The documentation of tables and marts is what their files say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import transforms
from cli import diagrams, pages
from cli.samples import Sample
from lakehouse.checks import quarantine, references, unique
from lakehouse.contracts import Catalog, Column, Curation, Cursor, Flags, Mart, MartColumn, Recipe, Table

COMMITTED = Path(__file__).parents[2] / "docs" / "catalog"
ODD = Table(
    name="guests",
    key=("id",),
    strategy=Cursor("at"),
    description="A person.",
    columns=(
        Column("id", "BIGINT", nullable=False, source="guest id"),
        Column("is_host", "BOOLEAN", stored="CHAR(1)", spelling=Flags(("y",), ("n",)), nulls=("", "NA"), meaning="a|b"),
        Column("at", "TIMESTAMP", nullable=False),
    ),
    checks=(quarantine("grown", "id > 0"), unique("at", tolerated=0.1)),
    history=True,
    withheld=("passport",),
)
GUESTS = Catalog({"guests": Curation(ODD, lambda rows: rows, "1")}, {})
NONE = dict.fromkeys(transforms.catalog().marts, Sample({}, []))
NODE = re.compile(r'  (\w+)(?:\[\("[^"]*"\)\]|\(\["[^"]*"\]\)|\[\["[^"]*"\]\]|\["[^"]*"\])')
EDGE = re.compile(r"  (\w+) --> (\w+)")
RELATION = re.compile(r'  \w+ (?:\|o--o\{|\|\|--\|\{) \w+ : "[\w, ]+"')
ENTITY = re.compile(r"  \w+ \{|    [A-Z]\w+ \w+(?: PK)?(?:,? FK)?|  \}")


def test_a_page_tells_every_column_check_and_spelling() -> None:
    page = pages.pages(GUESTS, {})["guests.md"]

    assert "| id | BIGINT | not null | `guest id` BIGINT |  |  |  |" in page
    assert "| is_host | BOOLEAN |  | CHAR(1) | yes: y; no: n; no value: empty, `NA` |  | a\\|b |" in page
    assert "| grown | quarantine |  | `id > 0` |" in page
    assert "| at_unique | warn | 0.1 | no two rows share (at) |" in page
    assert "`at`, with an overlap of 10 min" in page
    assert "curated/guests_history" in page
    assert "- personal, so never read: `passport`" in page


def test_a_page_of_a_mart_tells_its_definition_its_columns_and_what_it_is_made_of_down_to_the_source() -> None:
    reads = {"bookings": ("_deleted_at", "checkin_date"), "apartments_history": ("id", "valid_from")}
    sample = Sample(reads, [("2025-01-01", "total", "NULL")])
    page = pages.pages(transforms.catalog(), NONE | {"occupancy_rate_monthly": sample})["occupancy_rate_monthly.md"]

    assert "A night that two stays share counts once" in page
    assert "| booked_nights | BIGINT | nights | Distinct nights of listings with a confirmed stay |" in page
    assert "| booked_within_supply | warn | `occupancy_rate <= 1` |" in page
    assert "it is rebuilt by month_start" in page
    assert "- made of: [stay_nights](stay_nights.md), [apartments](apartments.md)" in page
    assert "| 2025-01-01 | total | NULL |" in page
    assert "| bookings | checkin_date | _deleted_at |" in page
    # validity comes of the cursor
    assert '[("<b>apartments</b><br/>id, last_modified_timestamp")]' in page
    for edge in ("source_bookings --> silver_bookings", "silver_bookings --> mart_stay_nights",
                 "silver_apartments_history --> mart_occupancy_rate_monthly"):  # fmt: skip
        assert edge in page
    assert "user_viewing" not in page


def test_a_page_tells_who_reads_a_mart_and_what_is_rebuilt_whole() -> None:
    found = pages.pages(transforms.catalog(), NONE)

    assert "- read by: [listing_performance_monthly](listing_performance_monthly.md)" in found["stay_nights.md"]
    assert "not in the warehouse" in found["stay_nights.md"]
    assert "it is rebuilt whole" in found["data_quality_daily.md"]
    assert "| data_quality_daily" not in found["README.md"].split("## What")[1]


def test_lineage_names_the_columns_as_the_source_does() -> None:
    columns = (MartColumn("day", "DATE", "A day"),)
    recipe = Recipe(Mart("hosts", ("day",), "Hosts.", columns=columns), lambda guests: guests, ("guests",), "1")
    catalog = Catalog(GUESTS.tables, {"hosts": recipe})

    page = pages.pages(catalog, {"hosts": Sample({"guests": ("id", "at")}, [])})["hosts.md"]

    assert "| guests | id, at |  |" in page
    assert "<b>guests</b><br/>guest id, at" in page


def test_relations_are_the_foreign_keys_of_checks_the_versions_and_the_persons() -> None:
    child = replace(
        ODD, name="visits", history=False, checks=(references("id", "guests", "id"),),
        columns=(*ODD.columns, Column("who", "BIGINT", pii="identifier"), Column("sum", "DECIMAL(9,2)")),
    )  # fmt: skip
    catalog = Catalog(GUESTS.tables | {"visits": Curation(child, lambda rows: rows, "1")}, {})

    drawn = diagrams.relations(catalog).splitlines()

    for line in ('  guests ||--|{ guests_history : "versions"', '  guests |o--o{ visits : "id"',
                 '  person |o--o{ visits : "who"', "    BIGINT id PK, FK", "    BIGINT who FK",
                 "    DECIMAL_9_2 sum"):  # fmt: skip
        assert line in drawn
    assert [line for line in drawn[1:] if not RELATION.fullmatch(line) and not ENTITY.fullmatch(line)] == []


@pytest.mark.parametrize("page", ["README.md", *[f"{name}.md" for name in transforms.catalog().marts]])
def test_pictures_keep_to_the_grammar_and_draw_no_line_to_what_is_not_there(page: str) -> None:
    """The grammar is the part of Mermaid's that its own parser was seen to accept on these pages."""
    text = (COMMITTED / page).read_text("utf-8")
    pictures = [part.split("\n```")[0].splitlines() for part in text.split("```mermaid\n")[1:]]
    assert pictures
    for head, *lines in pictures:
        nodes = [found[1] for line in lines if (found := NODE.fullmatch(line))]
        edges = [found.groups() for line in lines if (found := EDGE.fullmatch(line))]
        if head == "flowchart LR":
            assert len(nodes) + len(edges) == len(lines)
            assert len(set(nodes)) == len(nodes)
            assert {name for edge in edges for name in edge} == set(nodes)
        else:
            assert head == "erDiagram"
            assert [line for line in lines if not RELATION.fullmatch(line) and not ENTITY.fullmatch(line)] == []


def test_a_page_of_a_table_that_is_gone_is_removed_and_nothing_is_written_twice(tmp_path: Path) -> None:
    catalog = transforms.catalog()
    (tmp_path / "gone.md").write_text("old")

    assert len(pages.write(catalog, NONE, tmp_path)) == len(pages.pages(catalog, NONE)) + 1
    assert pages.write(catalog, NONE, tmp_path) == []
    assert not (tmp_path / "gone.md").exists()
