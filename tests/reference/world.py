"""What the pipeline could know: the states of the source it has seen, one after the other."""

from dataclasses import dataclass
from datetime import datetime

from tests.reference.cleaning import TABLES, Row, clean


@dataclass
class Seen:
    """One version of a listing's raw row, and when the listing was first found deleted after it."""

    row: Row
    deleted_at: datetime | None = None


class World:
    """The history of the observed states of the source.

    A listing has a version per observation in which its row is new or differs from the observation before.
    It is deleted at the source clock of the first observation that misses it.
    """

    def __init__(self) -> None:
        self.current: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.apartments: dict[int, list[Seen]] = {}
        self.attributes: dict[int, Row] = {}

    def observe(self, tables: dict[str, list[Row]], at: datetime) -> None:
        """Take in the whole source as one run finds it at the source clock `at`."""
        before = {row["id"]: row for row in self.current["apartments"]}
        self.current = {table: [dict(row) for row in tables[table]] for table in TABLES}
        now = {row["id"]: row for row in self.current["apartments"]}
        for listing, row in now.items():
            if before.get(listing) != row:
                self.apartments.setdefault(listing, []).append(Seen(row))
        for listing in before.keys() - now.keys():
            for version in self.apartments[listing]:
                version.deleted_at = version.deleted_at or at
        self.attributes |= {row["id"]: row for row in self.current["apartment_attributes"]}

    def live(self, table: str) -> list[Row]:
        """The clean rows of a table's last state; rejected ones are left out."""
        return [row for row in (clean(table, raw) for raw in self.current[table]) if not isinstance(row, str)]
