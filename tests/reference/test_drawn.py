"""Drawn worlds hold what the rulings are about, and what the reference says of them adds up."""

from datetime import date

from hypothesis import HealthCheck, Phase, given, settings

from tests.reference import MARTS, World
from tests.reference.drawn import OBSERVED, worlds
from tests.reference.sums import disagreements, net_is_what_stands

SEEN = {
    "a double-booked night": lambda m: any(row["double_booked_nights"] for row in m["occupancy_rate_monthly"]),
    "a night beyond supply": lambda m: any(row["booked_beyond_supply"] for row in m["occupancy_rate_monthly"]),
    "a booking without a rate": lambda m: any(row["rows_without_rate"] for row in m["top_listings_weekly"]),
    "the unknown place": lambda m: any(
        (row["level"], row["city"]) == ("place", None) for row in m["market_performance_monthly"]
    ),
    "a year before": lambda m: any(row["revenue_yoy"] is not None for row in m["market_performance_monthly"]),
    "a rank of three": lambda m: any(row["rank"] > 2 for row in m["listing_performance_monthly"]),
    "a conversion": lambda m: any(row["conversion"] for row in m["listing_performance_monthly"]),
    "a booker of a later week": lambda m: any(
        row["bookers"] > row["viewers"] for row in m["booking_funnel_weekly"] if row["level"] == "place"
    ),
    "a guest who came back": lambda m: any(
        row["retained"] and row["months_since"] for row in m["guest_cohorts_monthly"]
    ),
    "a cancellation in a later month": lambda m: any(
        row["cancellations"] and not row["bookings"] for row in m["gross_booking_value_daily"]
    ),
    "a cancellation after check-in": lambda m: any(row["canceled_after_checkin"] for row in m["cancellations_monthly"]),
    "a listing off and on": lambda m: any(
        row["activated"] and row["deactivated"] for row in m["supply_monthly"] if row["level"] == "place"
    ),
    "a price that moved": lambda m: any(row["price_ratio"] not in (None, 1) for row in m["price_index_monthly"]),
}
DRAWN = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def answers(world: World, as_of: date) -> dict[str, list]:
    """What the reference says of a world."""
    return {name: mart(world, as_of) for name, mart in MARTS.items()}


def test_sums_agree_across_marts_and_the_worlds_have_what_the_rulings_are_about():
    seen = set()

    @DRAWN
    @given(drawn=worlds(most_bookings=40))
    def agree(drawn):
        marts = answers(*drawn)
        seen.update(name for name, holds in SEEN.items() if holds(marts))
        assert disagreements(marts) == {}
        net, spend = net_is_what_stands(answers(drawn[0], OBSERVED[-1].date()))
        assert net == spend

    agree()
    assert seen == SEEN.keys()
