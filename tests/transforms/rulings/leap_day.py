"""29 February 2024 is a night, a day on offer, a day of booking and the last of its month (rulings 1, 3, 14).

Booking 1 has nights on the 28th, the 29th and 1 March; 2 is made at the end of the 29th, thirty days to the second
after its look; 3 is canceled on the 29th. Listing 10 gets dearer on the 29th, on which listing 11 is made.
"""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2024-03-31",
    given={
        "bookings": """
        1 7 10 2024-01-30 2024-02-28 2024-03-02 300 USD confirmed
        2 8 10 2024-02-29T23:59:59 2024-03-10 2024-03-11 50 USD completed
        3 7 10 2024-02-28 2024-03-20 2024-03-21 70 USD canceled
        """,
        "bookings_history": """
        1 confirmed 2024-01-30 - 1
        2 completed 2024-02-29T23:59:59 - 2
        3 confirmed 2024-02-28 2024-02-29T12:00 2
        3 canceled 2024-02-29T12:00 - 3
        """,
        "apartments_history": """
        10 2024-02-01 2024-02-01 2024-02-29T10:00 100 USD true 1
        10 2024-02-01 2024-02-29T10:00 - 110 USD true 2
        11 2024-02-29T08:00 2024-02-29T08:00 - 40 USD true 3
        """,
        "apartment_attributes": "10 Bern BE\n11 Bern BE",
        "user_viewing": "8 10 2024-01-30T23:59:59",
    },
    says={
        "stay_nights": """
        night usd month_start
        2024-02-28 100.00 2024-02-01
        2024-02-29 100.00 2024-02-01
        2024-03-01 100.00 2024-03-01
        2024-03-10 50.00 2024-03-01
        """,
        "average_booking_duration_weekly": """
        week_start stays mean_nights | level = 'total'
        2024-02-26 1 3.00
        2024-03-04 1 1.00
        """,
        "average_listing_price_weekly": """
        listings mean_price_usd new_listings | level = 'total' AND week_start = '2024-02-26'
        2 75.00 1
        """,
        "booking_funnel_weekly": """
        week_start viewers bookers unseen_bookings | level = 'total'
        2024-01-29 1 0 1
        2024-02-26 0 1 0
        """,
        "bookings_per_user_weekly": """
        week_start user_id confirmed_bookings canceled_bookings nights spend_usd
        2024-01-29 7 1 0 3 300.00
        2024-02-26 7 0 1 0 0.00
        2024-02-26 8 1 0 1 50.00
        """,
        "cancellations_monthly": """
        month_start cancellations canceled_usd mean_notice_days | level = 'total'
        2024-02-01 1 70.00 20.00
        """,
        "gross_booking_value_daily": """
        day gross_usd canceled_usd net_usd
        2024-01-30 300.00 0.00 300.00
        2024-02-28 70.00 0.00 70.00
        2024-02-29 50.00 70.00 -20.00
        """,
        "guest_cohorts_monthly": """
        cohort_month months_since size retained spend_usd
        2024-01-01 0 1 1 300.00
        2024-01-01 1 1 0 0.00
        2024-01-01 2 1 0 0.00
        2024-02-01 0 1 1 50.00
        2024-02-01 1 1 0 0.00
        """,
        "listing_performance_monthly": """
        apartment_id nights available_nights revenue_usd | month_start = '2024-02-01'
        10 2 29 200.00
        11 0 1 0.00
        """,
        "market_performance_monthly": """
        nights available_nights revenue_usd revpar_usd | level = 'total' AND month_start = '2024-02-01'
        2 30 200.00 6.67
        """,
        "occupancy_rate_monthly": """
        booked_nights available_nights occupancy_rate | level = 'total' AND month_start = '2024-02-01'
        2 30 0.066667
        """,
        "popular_locations_weekly": """
        week_start city bookings revenue_usd
        2024-01-29 Bern 1 300.00
        2024-02-26 Bern 1 50.00
        """,
        "price_index_monthly": """
        month_start matched_listings price_ratio price_index | level = 'total'
        2024-02-01 0 - 100.0000
        2024-03-01 2 1.000000 100.0000
        """,
        "repeat_customer_rate_daily": """
        day users | day IN ('2024-02-28', '2024-02-29', '2024-03-29', '2024-03-30')
        2024-02-28 1
        2024-02-29 1
        2024-03-29 1
        2024-03-30 0
        """,
        "supply_monthly": """
        month_start listings created activated | level = 'total'
        2024-02-01 2 2 2
        2024-03-01 2 0 0
        """,
        "top_listings_weekly": """
        week_start apartment_id nights revenue_usd
        2024-01-29 10 3 300.00
        2024-02-26 10 1 50.00
        """,
    },
)
