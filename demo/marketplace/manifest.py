"""What the generator did, so that tests and the demo can say what must be found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

Counts = Mapping[str, int]
Keys = tuple[int, ...]


@dataclass(frozen=True)
class Manifest:
    """Rows after the call, and what the call itself planted or did.

    Attributes:
        today: The day of the marketplace, ISO.
        rows: Rows in each table.
        rejected: Planted rows by table and the rule that rejects them.
        warned: Planted rows by table and the rule that only warns.
        harmless: Planted rows by table and kind that cleaning has to cope with.
        inserted: New rows by table, without those of the late transaction.
        arrived: Listings that came after a booking of them.
        status_changes: Booking ids by `from->to`.
        moved: Bookings whose stay went to another month.
        repriced: Listings with a new price.
        activated: Listings switched on.
        deactivated: Listings switched off.
        untouched: Keys by table whose row changed while its cursor did not.
        deleted: Keys by table that are gone.
        relocated: Listings with another city.
        repaired: Bookings that a rule rejected before.
        broken: Bookings that a rule rejects now.
        late: Bookings of the transaction that committed late.
    """

    today: str
    rows: Counts
    rejected: Mapping[str, Counts] = field(default_factory=dict)
    warned: Mapping[str, Counts] = field(default_factory=dict)
    harmless: Mapping[str, Counts] = field(default_factory=dict)
    inserted: Counts = field(default_factory=dict)
    arrived: Keys = ()
    status_changes: Mapping[str, Keys] = field(default_factory=dict)
    moved: Keys = ()
    repriced: Keys = ()
    activated: Keys = ()
    deactivated: Keys = ()
    untouched: Mapping[str, Keys] = field(default_factory=dict)
    deleted: Mapping[str, Keys] = field(default_factory=dict)
    relocated: Keys = ()
    repaired: Keys = ()
    broken: Keys = ()
    late: Keys = ()

    def quarantined(self, table: str) -> dict[str, int]:
        """Rows of the table that must be in quarantine because of this call, by rule."""
        return dict(self.rejected.get(table, {}))

    def to_json(self) -> str:
        """The manifest as JSON text."""
        return json.dumps(asdict(self), indent=2)
