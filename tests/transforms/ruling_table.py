"""Which test shows which ruling in which mart, and the page of it: `python -m tests.transforms.ruling_table`."""

import importlib
import pkgutil
from pathlib import Path

from tests.transforms import rulings
from tests.transforms.rulings import Page
from transforms import catalog

FILE = Path(__file__).parents[2] / "docs" / "rulings.md"
HEAD = """# Rulings by mart

Each ruling is shown in every mart that it touches, by rows and what must come of them: `page` links to the rows that
all marts are asked about, `test` names a test of the mart's own. This page is made from the tests by
`python -m tests.transforms.ruling_table`.
"""
PAGES: dict[str, Page] = {
    info.name: importlib.import_module(f"{rulings.__name__}.{info.name}").PAGE
    for info in pkgutil.iter_modules(rulings.__path__)
}
CASES = [(ruling, mart) for ruling, page in PAGES.items() for mart in page.says]
MARTS = catalog().marts.keys() - {"data_quality_daily"}  # of runs, not of the marketplace
MONEY = {name for name in MARTS if "rows_without_rate" in [c.name for c in catalog().marts[name].mart.columns]}

OWN = {
    "week_53": {
        "average_booking_duration_weekly": "test_stay_counts_whole_in_the_week_of_its_check_in",
        "average_listing_price_weekly": "test_week_53_and_week_1_are_keyed_by_their_monday",
        "booking_funnel_weekly": "test_each_step_counts_users_in_its_week_and_a_booker_has_seen_the_listing",
        "bookings_per_user_weekly": "test_bookings_count_in_the_week_of_their_utc_day_up_to_as_of",
    },
    "month_crossing": {
        "cancellations_monthly": "test_cancellations_count_in_the_month_they_were_first_seen_in",
    },
    "no_listings": {
        "booking_funnel_weekly": "test_each_step_counts_users_in_its_week_and_a_booker_has_seen_the_listing",
        "cancellations_monthly": "test_cancellations_count_in_the_month_they_were_first_seen_in",
    },
    "unknown_currency": {
        "stay_nights": "test_rate_holds_seven_days_and_is_never_guessed",
        "average_listing_price_weekly": "test_listing_without_rate_is_counted_and_left_out_of_the_mean",
        "bookings_per_user_weekly": "test_spend_is_zero_without_confirmed_bookings_and_unknown_without_a_rate",
        "cancellations_monthly": "test_cancellations_count_in_the_month_they_were_first_seen_in",
        "gross_booking_value_daily": ("test_value_is_gross_on_the_day_of_booking_and_goes_on_that_of_the_cancellation"),
        "guest_cohorts_monthly": "test_cohorts_keep_their_guests_and_every_month_since_has_a_row",
        "listing_performance_monthly": "test_listings_rank_in_their_place_and_convert_in_the_month_of_the_look",
        "market_performance_monthly": ("test_nights_count_in_their_month_and_the_daily_rate_is_of_those_with_a_rate"),
        "popular_locations_weekly": "test_equal_places_rank_by_city_and_state_with_the_unknown_last",
        "price_index_monthly": "test_index_chains_the_geometric_mean_of_matched_listings",
        "top_listings_weekly": "test_adr_is_revenue_by_nights_of_the_bookings_that_have_a_rate",
    },
    "first_29_days": {"repeat_customer_rate_daily": "test_first_29_days_are_partial"},
}
SUPPLY = {"average_listing_price_weekly", "price_index_monthly", "supply_monthly"}  # read no booking
DAYS = {
    "booking_funnel_weekly",
    "popular_locations_weekly",
    "repeat_customer_rate_daily",
}  # count bookings by their day
UNTOUCHED = {
    "week_53": {name for name in MARTS if not name.endswith("weekly")},
    "month_crossing": SUPPLY | DAYS,
    "double_booked": SUPPLY | DAYS | {"cancellations_monthly", "gross_booking_value_daily", "guest_cohorts_monthly"},
    "canceled_then_confirmed": SUPPLY,
    "inactive_for_part_of_a_month": {
        name for name in MARTS if "apartments_history" not in catalog().marts[name].inputs
    },
    "no_listings": {
        name for name in MARTS if not {"apartments_history", "apartment_attributes"} & {*catalog().marts[name].inputs}
    },
    "unknown_currency": MARTS - MONEY - {"stay_nights"},
    "rate_missing_on_the_day": MARTS - MONEY - {"stay_nights"},
    "first_29_days": MARTS - {"repeat_customer_rate_daily"},
    "ties_in_rank": {name for name in MARTS if "rank" not in [c.name for c in catalog().marts[name].mart.columns]},
    "leap_day": set(),
    "nothing_in_between": set(),
}  # fmt: skip


def page() -> str:
    """The page, in Markdown."""
    names = sorted(UNTOUCHED)
    lines = [
        HEAD,
        f"| | {' | '.join(name.replace('_', ' ') for name in names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| {mart} | {' | '.join(_cell(name, mart) for name in names)} |" for mart in sorted(MARTS)),
    ]
    return "\n".join(lines) + "\n"


def _cell(ruling: str, mart: str) -> str:
    folder = "../tests/transforms"
    if ruling in PAGES and mart in PAGES[ruling].says:
        return f"[page]({folder}/rulings/{ruling}.py)"
    test = OWN.get(ruling, {}).get(mart)
    return f"[test]({folder}/{file_of(test).name})" if test else ""


def file_of(test: str) -> Path:
    """The file in which a test of this name stands."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    return next(file for file in files if f"def {test}(" in file.read_text("utf-8"))


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
