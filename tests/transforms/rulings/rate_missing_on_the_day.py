"""A day without a rate takes the latest one of the seven days before, and else none (rulings 4, 11).

Booking 1 is made two days after the rate of Friday the third, 2 seven days, 3 and 4 eight days after it. Booking 4 is
canceled on a day that has a rate, which is not that of its booking. What has no rate is counted, never guessed.
"""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2025-01-26",
    given={
        "bookings": """
        1 7 10 2025-01-05 2025-01-20 2025-01-21 100 EUR confirmed
        2 7 10 2025-01-10 2025-01-21 2025-01-22 100 EUR confirmed
        3 8 11 2025-01-11 2025-01-22 2025-01-23 100 EUR confirmed
        4 8 11 2025-01-11 2025-01-25 2025-01-26 100 EUR canceled
        """,
        "bookings_history": """
        4 confirmed 2025-01-11 2025-01-20 1
        4 canceled 2025-01-20 - 2
        """,
        "apartments_history": """
        10 2025-01-01 2025-01-01 - 100 EUR true 1
        11 2025-01-06 2025-01-06 - 100 EUR true 2
        """,
        "exchange_rates": "EUR 2025-01-03 1.1\nEUR 2025-01-20 2",
    },
    days={"price_index_monthly": "2025-02-28"},
    says={
        "stay_nights": """
        booking_id usd
        1 110.00
        2 110.00
        3 -
        """,
        # at the end of each week
        "average_listing_price_weekly": """
        week_start listings mean_price_usd median_price_usd rows_without_rate | level = 'total'
        2024-12-30 1 110.00 110.00 0
        2025-01-06 2 - - 2
        2025-01-13 2 - - 2
        2025-01-20 2 200.00 200.00 0
        """,
        "bookings_per_user_weekly": """
        week_start user_id spend_usd rows_without_rate
        2024-12-30 7 110.00 0
        2025-01-06 7 110.00 0
        2025-01-06 8 - 1
        """,
        "cancellations_monthly": """
        cancellations canceled_usd rows_without_rate | level = 'total'
        1 - 1
        """,
        "gross_booking_value_daily": """
        day gross_usd canceled_usd net_usd rows_without_rate
        2025-01-05 110.00 0.00 110.00 0
        2025-01-10 110.00 0.00 110.00 0
        2025-01-11 - 0.00 - 2
        2025-01-20 0.00 - - 1
        """,
        "guest_cohorts_monthly": """
        size retained spend_usd cumulative_spend_usd rows_without_rate
        2 2 220.00 220.00 1
        """,
        "listing_performance_monthly": """
        rank apartment_id nights revenue_usd adr_usd rows_without_rate
        1 10 2 220.00 110.00 0
        2 11 1 - - 1
        """,
        "market_performance_monthly": """
        nights revenue_usd adr_usd rows_without_rate | level = 'total'
        3 220.00 110.00 1
        """,
        "popular_locations_weekly": """
        week_start bookings revenue_usd rows_without_rate
        2024-12-30 1 110.00 0
        2025-01-06 2 110.00 1
        """,
        # neither the last of January nor that of February has a rate
        "price_index_monthly": """
        month_start listings matched_listings price_ratio price_index rows_without_rate | level = 'total'
        2025-01-01 2 0 - 100.0000 2
        2025-02-01 2 0 - 100.0000 2
        """,
        "top_listings_weekly": """
        week_start rank apartment_id revenue_usd adr_usd rows_without_rate
        2024-12-30 1 10 110.00 110.00 0
        2025-01-06 1 10 110.00 110.00 0
        2025-01-06 2 11 - - 1
        """,
    },
)
