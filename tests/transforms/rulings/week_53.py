"""Sunday, 3 January 2021, is of the week of 28 December (ruling 3)."""

from tests.transforms.rulings import Page

PAGE = Page(
    as_of="2021-01-09",
    given={
        "bookings": """
        1 7 10 2021-01-03T23:59:59 2021-02-01 2021-02-02 100 USD confirmed
        2 7 10 2021-01-04T00:00:00 2021-02-03 2021-02-04 50 USD confirmed
        3 7 11 2021-01-04T00:00:00 2021-02-03 2021-02-04 60 USD confirmed
        """,
    },
    says={
        "popular_locations_weekly": """
        week_start bookings revenue_usd rank is_partial
        2020-12-28 1 100.00 1 False
        2021-01-04 2 110.00 1 True
        """,
        "top_listings_weekly": """
        week_start rank apartment_id revenue_usd is_partial
        2020-12-28 1 10 100.00 False
        2021-01-04 1 11 60.00 True
        2021-01-04 2 10 50.00 True
        """,
    },
)
