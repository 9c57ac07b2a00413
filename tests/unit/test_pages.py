"""The documentation of tables and marts is what their files say."""

from pathlib import Path

import transforms
from cli import pages
from lakehouse.checks import quarantine, unique
from lakehouse.contracts import Catalog, Column, Curation, Cursor, Flags, Table

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


def test_the_committed_pages_are_what_the_files_say() -> None:
    wanted = pages.pages(transforms.catalog())

    assert {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*.md")} == wanted, "run `lakehouse docs`"


def test_a_page_tells_every_column_check_and_spelling() -> None:
    page = pages.pages(Catalog({"guests": Curation(ODD, lambda rows: rows, "1")}, {}))["guests.md"]

    assert "| id | BIGINT | not null | `guest id` BIGINT |  |  |  |" in page
    assert "| is_host | BOOLEAN |  | CHAR(1) | yes: y; no: n; no value: empty, `NA` |  | a\\|b |" in page
    assert "| grown | quarantine |  | `id > 0` |" in page
    assert "| at_unique | warn | 0.1 | no two rows share (at) |" in page
    assert "`at`, with an overlap of 10 min" in page
    assert "curated/guests_history" in page
    assert "- personal, so never read: `passport`" in page


def test_a_page_of_a_mart_tells_its_definition_its_columns_and_what_it_is_made_of_down_to_the_source() -> None:
    page = pages.pages(transforms.catalog())["occupancy_rate_monthly.md"]

    assert "A night that two stays share counts once" in page
    assert "| booked_nights | BIGINT | nights | Distinct nights of listings with a confirmed stay |" in page
    assert "| booked_within_supply | warn | `occupancy_rate <= 1` |" in page
    for edge in ("source_bookings[(bookings)] --> bookings", "bookings --> stay_nights", "apartments_history --> occ"):
        assert edge in page
    assert "user_viewing" not in page


def test_a_page_of_a_table_that_is_gone_is_removed_and_nothing_is_written_twice(tmp_path: Path) -> None:
    catalog = transforms.catalog()
    (tmp_path / "gone.md").write_text("old")

    assert len(pages.write(catalog, tmp_path)) == len(pages.pages(catalog)) + 1
    assert pages.write(catalog, tmp_path) == []
    assert not (tmp_path / "gone.md").exists()
