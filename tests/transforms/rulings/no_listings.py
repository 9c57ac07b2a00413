"""A booking of a listing that nobody has seen: sold and not on offer, at no place (rulings 5, 13)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-31",
    given={"bookings": "1 7 99 2025-01-06 2025-01-09 2025-01-11 90 USD confirmed"},
    says={
        "average_listing_price_weekly": "listings",
        "price_index_monthly": "listings",
        "supply_monthly": "listings",
        "listing_performance_monthly": """
        apartment_id city nights available_nights adr_usd revpar_usd rank
        99 - 2 0 45.00 - 1
        """,
        "market_performance_monthly": """
        level city live_listings nights available_nights adr_usd revpar_usd
        place - 0 2 0 45.00 -
        total - 0 2 0 45.00 -
        """,
        "occupancy_rate_monthly": """
        level city booked_nights available_nights occupancy_rate booked_beyond_supply
        place - 2 0 - 2
        total - 2 0 - 2
        """,
        "average_booking_duration_weekly": """
        level city stays
        place - 1
        total - 1
        """,
        "popular_locations_weekly": """
        level city state bookings rank
        place - - 1 1
        """,
    },
)
