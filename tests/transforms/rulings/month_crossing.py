"""A stay of 30 and 31 January and 1 February: nights count in their own month, stays and bookings whole (ruling 1)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-02-28",
    given={
        "bookings": "1 7 10 2025-01-20 2025-01-30 2025-02-02 100 USD confirmed",
        "apartments_history": "10 2025-01-01 2025-01-01 - 100 USD true 1",
    },
    says={
        "stay_nights": """
        night usd month_start
        2025-01-30 33.33 2025-01-01
        2025-01-31 33.33 2025-01-01
        2025-02-01 33.34 2025-02-01
        """,
        "average_booking_duration_weekly": """
        week_start stays mean_nights | level = 'total'
        2025-01-27 1 3.00
        """,
        "bookings_per_user_weekly": """
        week_start nights spend_usd
        2025-01-20 3 100.00
        """,
        "gross_booking_value_daily": """
        day gross_usd
        2025-01-20 100.00
        """,
        "guest_cohorts_monthly": """
        month_start spend_usd
        2025-01-01 100.00
        2025-02-01 0.00
        """,
        "listing_performance_monthly": """
        month_start nights revenue_usd stays
        2025-01-01 2 66.66 1
        2025-02-01 1 33.34 0
        """,
        "market_performance_monthly": """
        month_start nights revenue_usd stays mean_stay_nights | level = 'total'
        2025-01-01 2 66.66 1 3.00
        2025-02-01 1 33.34 0 -
        """,
        "occupancy_rate_monthly": """
        month_start booked_nights | level = 'total'
        2025-01-01 2
        2025-02-01 1
        """,
        "top_listings_weekly": """
        week_start nights revenue_usd
        2025-01-20 3 100.00
        """,
    },
)
