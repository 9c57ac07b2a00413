"""What was planted, so that tests know what must be found."""

from __future__ import annotations

from dataclasses import dataclass, field

RULES = frozenset({
    "source_unknown", "price_not_negative", "category_unknown", "price_type_unknown", "price_display_unreadable",
    "latitude_in_range", "longitude_in_range", "square_feet_positive", "call_to_action_unknown",
    "booking_status_unknown", "payment_status_unknown", "total_price_missing", "checkout_after_checkin", "rate_positive",
})  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """Rows and planted oddities per table."""

    rows: dict[str, int] = field(default_factory=dict)
    planted: dict[str, dict[str, int]] = field(default_factory=dict)

    def quarantined(self, table: str) -> dict[str, int]:
        """Rows that must be in quarantine, by rule."""
        return {rule: n for rule, n in self.planted.get(table, {}).items() if rule in RULES}
