"""A listing is off the market from 11 to 20 January, and yet booked on the 15th (rulings 9, 17, 18)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-31",
    given={
        "bookings": "1 7 10 2025-01-06 2025-01-15 2025-01-16 42 USD confirmed",
        "apartments_history": """
        10 2025-01-01 2025-01-01 2025-01-11T09:00 100 USD true 1
        10 2025-01-01 2025-01-11T09:00 2025-01-21T23:59 100 USD false 2
        10 2025-01-01 2025-01-21T23:59 - 100 USD true 3
        """,
    },
    says={
        "listing_performance_monthly": """
        nights available_nights revenue_usd revpar_usd
        1 21 42.00 2.00
        """,
        "market_performance_monthly": """
        live_listings nights available_nights revenue_usd revpar_usd | level = 'total'
        1 1 21 42.00 2.00
        """,
        "occupancy_rate_monthly": """
        booked_nights available_nights booked_beyond_supply occupancy_rate | level = 'total'
        1 21 1 0.047619
        """,
        # the week from the 13th to the 19th has no day on offer
        "average_listing_price_weekly": """
        week_start listings | level = 'total'
        2024-12-30 1
        2025-01-06 1
        2025-01-20 1
        2025-01-27 1
        """,
        "price_index_monthly": """
        listings price_index | level = 'total'
        1 100.0000
        """,
        "supply_monthly": """
        listings created activated deactivated | level = 'total'
        1 1 2 1
        """,
    },
)
