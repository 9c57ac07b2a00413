"""What the pipeline could know: the states of the source it has seen, one after the other."""

from dataclasses import dataclass
from datetime import datetime

from tests.reference.cleaning import TABLES, Row, clean


@dataclass
class Seen:
    """One version of a raw row, and when the row was first found deleted after it."""

    row: Row
    deleted_at: datetime | None = None


class World:
    """The history of the observed states of the source.

    A listing or booking has a version per observation in which its row is new or differs from the observation
    before. It is deleted at the source clock of the first observation that misses it.
    """

    def __init__(self) -> None:
        self.current: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.apartments: dict[int, list[Seen]] = {}
        self.bookings: dict[int, list[Seen]] = {}
        self.attributes: dict[int, Row] = {}

    def observe(self, tables: dict[str, list[Row]], at: datetime) -> None:
        """Take in the whole source as one run finds it at the source clock `at`."""
        before = self.current
        self.current = {table: [dict(row) for row in tables[table]] for table in TABLES}
        self._follow(self.apartments, "apartments", "id", before, at)
        self._follow(self.bookings, "bookings", "booking_id", before, at)
        self.attributes |= {row["id"]: row for row in self.current["apartment_attributes"]}

    def _follow(
        self, versions: dict[int, list[Seen]], table: str, key: str, before: dict[str, list[Row]], at: datetime
    ) -> None:
        """Adds what is new of a table to the versions of its rows, and marks those that are gone."""
        old = {row[key]: row for row in before[table]}
        now = {row[key]: row for row in self.current[table]}
        for number, row in now.items():
            if old.get(number) != row:
                versions.setdefault(number, []).append(Seen(row))
        for number in old.keys() - now.keys():
            for version in versions[number]:
                version.deleted_at = version.deleted_at or at

    def live(self, table: str) -> list[Row]:
        """The clean rows of a table's last state; rejected ones are left out."""
        return [row for row in (clean(table, raw) for raw in self.current[table]) if not isinstance(row, str)]
