"""The status of now counts (rulings 2, 16): booking 1 was canceled and is confirmed again, booking 2 stays canceled."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-31",
    given={
        "bookings": """
        1 7 10 2025-01-06 2025-01-10 2025-01-12 100 USD confirmed
        2 8 10 2025-01-07 2025-01-20 2025-01-21 50 USD canceled
        """,
        "bookings_history": """
        1 confirmed 2025-01-06 2025-01-08 1
        1 canceled 2025-01-08 2025-01-09 2
        1 confirmed 2025-01-09 - 3
        2 confirmed 2025-01-07 2025-01-09 1
        2 canceled 2025-01-09 - 2
        """,
        "apartments_history": "10 2025-01-01 2025-01-01 - 100 USD true 1",
        "apartment_attributes": "10 Bern BE",
        "user_viewing": "7 10 2025-01-05\n8 10 2025-01-05",
    },
    says={
        "stay_nights": """
        booking_id night
        1 2025-01-10
        1 2025-01-11
        """,
        "average_booking_duration_weekly": """
        week_start stays mean_nights | level = 'total'
        2025-01-06 1 2.00
        """,
        "booking_funnel_weekly": """
        week_start viewers bookers unseen_bookings | level = 'total'
        2024-12-30 2 0 0
        2025-01-06 0 1 0
        """,
        "bookings_per_user_weekly": """
        user_id confirmed_bookings canceled_bookings nights spend_usd
        7 1 0 2 100.00
        8 0 1 0 0.00
        """,
        "cancellations_monthly": """
        month_start cancellations canceled_nights canceled_usd | level = 'total'
        2025-01-01 1 1 50.00
        """,
        "gross_booking_value_daily": """
        day bookings gross_usd cancellations canceled_usd net_usd
        2025-01-06 1 100.00 0 0.00 100.00
        2025-01-07 1 50.00 0 0.00 50.00
        2025-01-09 0 0.00 1 50.00 -50.00
        """,
        "guest_cohorts_monthly": """
        cohort_month size retained spend_usd
        2025-01-01 1 1 100.00
        """,
        "listing_performance_monthly": """
        nights revenue_usd bookings confirmed_bookings canceled_bookings viewers bookers conversion
        2 100.00 2 1 1 2 1 0.500000
        """,
        "market_performance_monthly": """
        nights adr_usd bookings canceled_bookings cancellation_rate | level = 'total'
        2 50.00 2 1 0.500000
        """,
        "occupancy_rate_monthly": """
        booked_nights occupancy_rate | level = 'total'
        2 0.064516
        """,
        "popular_locations_weekly": """
        week_start rank city bookings guests revenue_usd
        2025-01-06 1 Bern 1 1 100.00
        """,
        "repeat_customer_rate_daily": """
        day users repeat_users | day = '2025-01-10'
        2025-01-10 1 0
        """,
        "top_listings_weekly": """
        week_start rank apartment_id bookings nights revenue_usd
        2025-01-06 1 10 1 2 100.00
        """,
    },
)
