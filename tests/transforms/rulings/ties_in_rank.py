"""Equal revenue and bookings rank by number of the listing, equal places by name: no two share a rank (ruling 8)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-31",
    given={
        "bookings": """
        1 7 12 2025-01-06 2025-01-10 2025-01-11 50 USD confirmed
        2 7 11 2025-01-06 2025-01-10 2025-01-11 50 USD confirmed
        3 7 9 2025-01-06 2025-01-10 2025-01-11 50 USD confirmed
        4 7 8 2025-01-06 2025-01-10 2025-01-11 50 USD confirmed
        """,
        "apartment_attributes": "12 Bern BE\n11 Bern BE\n9 Aarau AG\n8 Aarau AG",
    },
    says={
        "popular_locations_weekly": """
        rank city bookings
        1 Aarau 2
        2 Bern 2
        """,
        "top_listings_weekly": """
        rank apartment_id revenue_usd
        1 8 50.00
        2 9 50.00
        3 11 50.00
        4 12 50.00
        """,
        "listing_performance_monthly": """
        city rank apartment_id
        Aarau 1 8
        Aarau 2 9
        Bern 1 11
        Bern 2 12
        """,
    },
)
