"""The declarations that fit the product's own tables to files it did not make; the code stays as it is."""

from dataclasses import replace

from lakehouse.checks import quarantine
from lakehouse.contracts import Catalog, Column, Curation, Dates, Flags, Money, Snapshot, Table
from transforms.discovery import catalog

DAYS = Dates(("dd/MM/yyyy",))
STAMPS = ("DATE", "TIMESTAMP")
NOT_IN_THE_LAB = ("updated_at", "payment_status", "num_guests")


def lab() -> Catalog:
    """The marketplace as the lab spells it; its rates, which the lab has not, stay as they are."""
    ours = catalog()
    tables = {
        name: spec if name == "exchange_rates" else replace(spec, table=lab_table(spec.table))
        for name, spec in ours.tables.items()
    }
    return Catalog(tables, ours.marts)


def lab_table(table: Table) -> Table:
    """A table found by comparing key ranges; seven of the lab's ten stays end before they begin."""
    columns = tuple(lab_column(c) for c in table.columns if c.name not in NOT_IN_THE_LAB)
    checks = tuple(c for c in table.checks if c.name != "guests_positive")
    return replace(table, strategy=Snapshot(), columns=columns, checks=checks, max_reject_share=1.0)


def lab_column(column: Column) -> Column:
    """The column as text where the lab writes text."""
    if column.type in STAMPS:
        return replace(column, stored="VARCHAR(10)", spelling=DAYS)
    return replace(column, stored="VARCHAR(5)") if column.type == "BOOLEAN" else column


def listings() -> Catalog:
    """The UCI listings as the attributes of listings, all as text; no marts."""
    spec = catalog().tables["apartment_attributes"]
    unknown = ("null",)
    respelt = {
        "bathrooms": {"stored": "VARCHAR(8)", "nulls": unknown},
        "bedrooms": {"stored": "VARCHAR(8)", "nulls": unknown},
        "fee": {"type": "BOOLEAN", "stored": "VARCHAR(8)", "spelling": Flags()},
        "has_photo": {"stored": "VARCHAR(16)", "spelling": Flags(true=("yes", "thumbnail"))},
        "pets_allowed": {
            "stored": "VARCHAR(16)",
            "spelling": Flags(true=("cats", "dogs", "cats,dogs"), false=("none",)),
            "nulls": unknown,
        },
    }
    kept = ("id", "bathrooms", "bedrooms", "fee", "has_photo", "pets_allowed", "price_display", "price_type",
            "square_feet", "cityname", "state")  # fmt: skip
    columns = tuple(replace(c, **respelt.get(c.name, {})) for c in spec.table.columns if c.name in kept)
    price = Column("price", "DECIMAL(12,2)", stored="VARCHAR(16)", spelling=Money())
    currency = Column("currency", "STRING", stored="CHAR(3)")
    checks = (quarantine("square_feet_positive", "square_feet > 0"),)
    table = replace(spec.table, columns=(*columns, price, currency), checks=checks)
    return Catalog({table.name: Curation(table, spec.curate, spec.fingerprint)})
