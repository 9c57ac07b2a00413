"""10,000 real listings through the product's code, against a plain reading of the file: `make test-real`."""

import os
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from demo.servers.mariadb import MariaDb
from lakehouse import pipeline
from lakehouse.ledger import TableRecord
from tests.real import files, tables

PLACE = "LAKEHOUSE_REAL_DATA"
TABLE = "apartment_attributes"
NULLABLE = ("bathrooms", "bedrooms", "pets_allowed", "cityname", "state")
PRICE_TYPES = ("Monthly", "Yearly", "One-time")


@dataclass(frozen=True)
class Listings:
    """The file as it reads plainly, and one run over it."""

    raw: list[dict[str, str]]
    good: list[dict[str, str]]
    opened: pipeline.Run
    record: TableRecord
    silver: dict[int, dict]


@pytest.fixture(scope="module")
def listings(source_server: MariaDb, tmp_path_factory: pytest.TempPathFactory) -> Listings:
    place = Path(os.environ.get(PLACE, ""))
    if not place.is_file():
        pytest.fail(f"set {PLACE} to the CSV file of 10,000 UCI listings (tests/data/README.md); it is now {place}")
    raw = files.read(place)
    catalog = tables.listings()
    settings = files.database(source_server, "uci", tmp_path_factory.mktemp("uci") / "lake")
    files.load(source_server, "uci", catalog.tables[TABLE].table, raw)
    opened, records = files.ingest(settings, catalog)
    silver = {row["id"]: row for row in files.rows(opened, "silver", TABLE)}
    return Listings(raw, [r for r in raw if readable(r["price_display"])], opened, records[TABLE], silver)


def readable(price: str) -> bool:
    return price.removeprefix("$").replace(",", "").isdigit()


def test_each_listing_is_in_silver_or_in_quarantine_with_its_rule(listings: Listings) -> None:
    rejected = len(listings.raw) - len(listings.good)

    assert listings.record.balanced
    assert len(listings.raw) == 10_000
    assert listings.record.rejected == {"price_display_unreadable": rejected}
    assert rejected == 2
    assert listings.silver.keys() == {int(r["id"]) for r in listings.good}
    assert {r["price_type"] for r in listings.good} <= set(PRICE_TYPES)


def test_each_price_is_exact(listings: Listings) -> None:
    for row in listings.good:
        found = listings.silver[int(row["id"])]
        shown = Decimal(row["price_display"].removeprefix("$").replace(",", ""))
        assert (found["price"], found["price_display"]) == (Decimal(row["price"]), shown)


@pytest.mark.parametrize("column", NULLABLE)
def test_null_as_text_is_no_value_and_nothing_else_is(listings: Listings, column: str) -> None:
    empty = {int(r["id"]) for r in listings.good if r[column] == "null"}

    assert {key for key, row in listings.silver.items() if row[column] is None} == empty != set()


def test_no_pets_is_not_the_same_as_unknown(listings: Listings) -> None:
    words = {"None": False, "null": None}

    assert Counter(r["pets_allowed"] for r in listings.silver.values()) == Counter(
        words.get(r["pets_allowed"], True) for r in listings.good
    )
