"""One table's failure leaves the others whole, and keeps only the marts that need it from being rebuilt."""

import pytest

from demo.marketplace.generate import generate
from lakehouse import ledger
from lakehouse.lake import Lake
from tests.integration.test_bad_input import Shell, shell  # noqa: F401


@pytest.mark.long
@pytest.mark.fault("F36")
def test_one_table_that_fails_stops_only_the_marts_that_need_it(shell: Shell) -> None:  # noqa: F811
    with shell.admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {shell.admin.database}")
    generate(shell.admin, 0.02)
    with shell.admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE apartment_attributes DROP COLUMN category")

    done = shell.say("run")

    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert "apartment_attributes: column apartment_attributes.category is missing" in errors[0]
    report = ledger.newest(Lake(str(shell.folder / "lake")), None)
    assert report is not None
    assert {t.name for t in report.tables if not t.balanced} == {"apartment_attributes"}
    assert {m.name: m.status for m in report.marts} == {
        "average_booking_duration_weekly": "kept",
        "average_listing_price_weekly": "kept",
        "popular_locations_weekly": "kept",
        "occupancy_rate_monthly": "kept",
        "bookings_per_user_weekly": "rebuilt",
        "repeat_customer_rate_daily": "rebuilt",
        "top_listings_weekly": "rebuilt",
    }
