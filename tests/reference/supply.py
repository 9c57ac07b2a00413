"""Which listing was live on which day, by the versions of its row."""

from dataclasses import dataclass
from datetime import date, datetime

from tests.reference.calendar import DAY
from tests.reference.cleaning import Row, clean
from tests.reference.world import Seen, World


@dataclass(frozen=True)
class Version:
    """A clean row that held from `valid_from` until (not including) `valid_to`; None: until now."""

    row: Row
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True)
class Span:
    """Days first..last, both included, on which a listing was live."""

    first: date
    last: date
    assumed: bool


class Listing:
    """A listing's versions in time, never empty."""

    def __init__(self, listing: int, versions: list[Version]) -> None:
        self.id = listing
        self.versions = versions
        self.live = [span for span in self._spans() if span.first <= span.last]

    def _spans(self) -> list[Span]:
        """The live days per version: those at whose end it held, is active, and the listing created."""
        first = self.versions[0]
        spans = [live_span(first.row, date.min, first.valid_from.date() - DAY, assumed=True)]
        for version in self.versions:
            last = version.valid_to.date() - DAY if version.valid_to else date.max
            spans.append(live_span(version.row, version.valid_from.date(), last, assumed=False))
        return spans

    def live_on(self, day: date) -> bool:
        """Was the listing live at the end of the day?"""
        return any(span.first <= day <= span.last for span in self.live)

    def last_row(self, day: date) -> tuple[Row, bool]:
        """The last row valid by the end of the day, and whether it is the first known one, only assumed."""
        for version in reversed(self.versions):
            if version.valid_from.date() <= day:
                return version.row, False
        return self.versions[0].row, True


def live_span(row: Row, first: date, last: date, assumed: bool) -> Span:
    """The part of first..last in which a listing with this row is live; empty when it is not active."""
    if not row["is_active"]:
        return Span(date.max, date.min, assumed)
    return Span(max(first, row["listing_created_on"].date()), last, assumed)


def versions_of(seen: list[Seen]) -> list[Version]:
    """The clean versions, each from its cursor until that of a later seen one or the deletion found after it.

    None at all when the latest row seen is rejected. A rejected row in between is as if never seen. A version
    that never held is left out: one replaced at, or found deleted by, its own cursor value. Time never runs
    backwards: a row is deleted no earlier than its last version began.
    """
    clean_rows = [(clean("apartments", version.row), version.deleted_at) for version in seen]
    if isinstance(clean_rows[-1][0], str):
        return []
    known = [
        (row, row["last_modified_timestamp"], deleted_at) for row, deleted_at in clean_rows if not isinstance(row, str)
    ]
    versions = []
    for position, (row, valid_from, deleted_at) in enumerate(known):
        ends = [later_from for _, later_from, _ in known[position + 1 :]]
        if deleted_at:
            ends.append(max([deleted_at, *(began for _, began, gone_at in known if gone_at == deleted_at)]))
        valid_to = min(ends, default=None)
        if valid_to is None or valid_from < valid_to:
            versions.append(Version(row, valid_from, valid_to))
    return versions


def listings(world: World) -> list[Listing]:
    """Every listing with a history, deleted ones too; not those whose latest row is rejected."""
    histories = {listing: versions_of(seen) for listing, seen in world.apartments.items()}
    return [Listing(listing, versions) for listing, versions in histories.items() if versions]
