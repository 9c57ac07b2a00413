"""Two stays share the night of 12 January: it is booked once, and sold twice (ruling 18)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-31",
    given={
        "bookings": """
        1 7 10 2025-01-06 2025-01-10 2025-01-13 90 USD confirmed
        2 8 10 2025-01-06 2025-01-12 2025-01-14 90 USD completed
        """,
        "apartments_history": "10 2025-01-01 2025-01-01 - 100 USD true 1",
    },
    says={
        "stay_nights": """
        booking_id night usd
        1 2025-01-10 30.00
        1 2025-01-11 30.00
        1 2025-01-12 30.00
        2 2025-01-12 45.00
        2 2025-01-13 45.00
        """,
        "average_booking_duration_weekly": """
        week_start stays mean_nights | level = 'total'
        2025-01-06 2 2.50
        """,
        "bookings_per_user_weekly": """
        user_id nights
        7 3
        8 2
        """,
        "listing_performance_monthly": """
        nights available_nights revenue_usd adr_usd revpar_usd
        5 31 180.00 36.00 5.81
        """,
        "market_performance_monthly": """
        nights available_nights revenue_usd adr_usd revpar_usd | level = 'total'
        5 31 180.00 36.00 5.81
        """,
        "occupancy_rate_monthly": """
        booked_nights double_booked_nights occupancy_rate | level = 'total'
        4 1 0.129032
        """,
        "top_listings_weekly": """
        bookings nights revenue_usd adr_usd
        2 5 180.00 36.00
        """,
    },
)
