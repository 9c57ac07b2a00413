"""Bookings in January and in March, none in February, of a listing on offer throughout (ruling 14).

Booking marts have no row for a period without a booking; those of supply, the cohorts and the repeat rate say zero.
"""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-03-31",
    given={
        "bookings": """
        1 7 10 2025-01-06 2025-01-10 2025-01-11 50 USD confirmed
        2 7 10 2025-03-03 2025-03-12 2025-03-13 50 USD confirmed
        3 8 10 2025-01-06 2025-01-20 2025-01-21 50 USD canceled
        """,
        "bookings_history": """
        3 confirmed 2025-01-06 2025-01-07 1
        3 canceled 2025-01-07 - 2
        """,
        "apartments_history": "10 2025-01-01 2025-01-01 - 100 USD true 1",
    },
    says={
        "stay_nights": """
        month_start night
        2025-01-01 2025-01-10
        2025-03-01 2025-03-12
        """,
        "average_booking_duration_weekly": """
        week_start stays | level = 'total'
        2025-01-06 1
        2025-03-10 1
        """,
        "average_listing_price_weekly": """
        week_start listings mean_price_usd new_listings | level = 'total' AND month(week_start) = 2
        2025-02-03 1 100.00 0
        2025-02-10 1 100.00 0
        2025-02-17 1 100.00 0
        2025-02-24 1 100.00 0
        """,
        "booking_funnel_weekly": """
        week_start unseen_bookings | level = 'total'
        2025-01-06 1
        2025-03-03 1
        """,
        "bookings_per_user_weekly": """
        week_start user_id confirmed_bookings
        2025-01-06 7 1
        2025-01-06 8 0
        2025-03-03 7 1
        """,
        "cancellations_monthly": """
        month_start cancellations | level = 'total'
        2025-01-01 1
        """,
        "gross_booking_value_daily": """
        day bookings cancellations
        2025-01-06 2 0
        2025-01-07 0 1
        2025-03-03 1 0
        """,
        "guest_cohorts_monthly": """
        cohort_month months_since retained spend_usd
        2025-01-01 0 1 50.00
        2025-01-01 1 0 0.00
        2025-01-01 2 1 50.00
        """,
        "listing_performance_monthly": """
        month_start nights available_nights revenue_usd adr_usd revpar_usd bookings
        2025-01-01 1 31 50.00 50.00 1.61 2
        2025-02-01 0 28 0.00 - 0.00 0
        2025-03-01 1 31 50.00 50.00 1.61 1
        """,
        "market_performance_monthly": """
        month_start nights available_nights revenue_usd adr_usd revpar_usd bookings cancellation_rate | level = 'total'
        2025-01-01 1 31 50.00 50.00 1.61 2 0.500000
        2025-02-01 0 28 0.00 - 0.00 0 -
        2025-03-01 1 31 50.00 50.00 1.61 1 0.000000
        """,
        "occupancy_rate_monthly": """
        month_start booked_nights available_nights occupancy_rate | level = 'total'
        2025-01-01 1 31 0.032258
        2025-02-01 0 28 0.000000
        2025-03-01 1 31 0.032258
        """,
        "popular_locations_weekly": """
        week_start bookings
        2025-01-06 1
        2025-03-03 1
        """,
        "price_index_monthly": """
        month_start matched_listings price_ratio price_index | level = 'total'
        2025-01-01 0 - 100.0000
        2025-02-01 1 1.000000 100.0000
        2025-03-01 1 1.000000 100.0000
        """,
        "repeat_customer_rate_daily": """
        day users repeat_users repeat_rate is_partial | day = '2025-02-20'
        2025-02-20 0 0 - False
        """,
        "supply_monthly": """
        month_start listings created activated deactivated | level = 'total'
        2025-01-01 1 1 1 0
        2025-02-01 1 0 0 0
        2025-03-01 1 0 0 0
        """,
        "top_listings_weekly": """
        week_start rank apartment_id
        2025-01-06 1 10
        2025-03-03 1 10
        """,
    },
)
