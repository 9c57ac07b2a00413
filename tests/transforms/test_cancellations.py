"""What is canceled, and when (rulings 2, 4, 11, 12, 16, 17)."""

from tests.transforms.worlds import World

# 1 is canceled twice; 2 and 3 once, 3 without a rate; 4 was confirmed again; 5 is deleted; 6 canceled too late
CANCELED = {
    "bookings": """
    1 7 10 2025-01-02 2025-02-10 2025-02-12 100 USD canceled
    2 7 10 2025-01-02T23:59:59 2025-01-30 2025-02-02 50 EUR canceled
    3 7 11 2025-01-03 2025-03-01 2025-03-02 10 XXX canceled
    4 7 10 2025-01-02 2025-02-10 2025-02-12 70 USD confirmed
    5 7 10 2025-01-02 2025-02-10 2025-02-12 70 USD canceled 2025-01-03
    6 7 10 2025-01-03 2025-02-10 2025-02-12 30 USD canceled
    7 7 10 2025-01-03 2025-02-10 2025-02-12 99 USD pending
    """,
    "bookings_history": """
    1 confirmed 2025-01-02 2025-01-31T23:59:59 1
    1 canceled 2025-01-31T23:59:59 2025-02-01 2
    1 confirmed 2025-02-01 2025-02-03 3
    1 canceled 2025-02-03 - 4
    2 canceled 2025-02-01 - 5
    3 canceled 2025-02-28 - 6
    4 canceled 2025-01-03 2025-01-04 7
    4 confirmed 2025-01-04 - 8
    5 canceled 2025-01-02 2025-01-03 9
    6 canceled 2025-03-01 - 10
    7 pending 2025-01-03 - 11
    """,
    "exchange_rates": "EUR 2024-12-31 1.5\nEUR 2025-02-01 9",
    "apartment_attributes": "10 Bern BE",
}


def test_cancellations_count_in_the_month_they_were_first_seen_in(world: World) -> None:
    columns = "month_start level city cancellations canceled_nights canceled_usd rows_without_rate"
    notice = "mean_notice_days median_notice_days canceled_after_checkin is_partial"
    # 2 is canceled two days after its check-in
    found = world.given(**CANCELED).rows("cancellations_monthly", "2025-02-28", f"{columns} {notice}")
    assert found == [
        "2025-01-01 place Bern 1 2 100.00 0 10.00 10.00 0 False",
        "2025-01-01 total - 1 2 100.00 0 10.00 10.00 0 False",
        "2025-02-01 place - 1 1 - 1 1.00 1.00 0 False",
        "2025-02-01 place Bern 1 3 75.00 0 -2.00 -2.00 1 False",
        "2025-02-01 total - 2 4 75.00 1 -0.50 -0.50 1 False",
    ]


def test_value_is_gross_on_the_day_of_booking_and_goes_on_that_of_the_cancellation(world: World) -> None:
    columns = "day bookings gross_usd cancellations canceled_usd net_usd rows_without_rate"
    found = world.given(**CANCELED).rows("gross_booking_value_daily", "2025-02-28", columns)
    assert found == [
        "2025-01-02 3 245.00 0 0.00 245.00 0",
        "2025-01-03 2 30.00 0 0.00 30.00 1",
        "2025-01-31 0 0.00 1 100.00 -100.00 0",
        "2025-02-01 0 0.00 1 75.00 -75.00 0",
        "2025-02-28 0 0.00 1 - - 1",
    ]
