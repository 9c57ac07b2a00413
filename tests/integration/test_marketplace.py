"""The made-up marketplace keeps its word: what its manifest tells is what its database holds."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pymysql
import pytest

from demo.marketplace.admin import TABLES, Admin, admin_of, rows_of
from demo.marketplace.evolve import evolve, open_late
from demo.marketplace.generate import NotEmptyError, generate
from demo.marketplace.kinds import TRICKY
from demo.marketplace.manifest import Manifest
from demo.servers.mariadb import MariaDb
from tests.reference.cleaning import clean

REPOSITORY = Path(__file__).parents[2]
SCALE = 0.05
SMALL = 0.02
DATABASES = ("first", "again", "one_table")
SOURCES = "('Airbnb', 'Zillow', 'Craigslist', 'Realtor', 'Apartments.com')"
CATEGORIES = "('Studio', '1BHK', '2BHK', '3BHK', 'Penthouse')"
STATUSES = "('confirmed', 'completed', 'pending', 'canceled', 'cancelled')"
NOWHERE = "('null', 'NA', 'N/A', 'Undefined', '')"
WITHOUT_RATE = """
    bookings b WHERE currency NOT IN ('USD', 'XXX') AND NOT EXISTS (
        SELECT 1 FROM exchange_rates r WHERE r.currency = b.currency AND r.usd_per_unit > 0
        AND r.rate_date BETWEEN DATE(b.booking_date) - INTERVAL 7 DAY AND DATE(b.booking_date))
"""
OVERLAPPING = """
    (SELECT checkout_date, LEAD(checkin_date) OVER (PARTITION BY apartment_id ORDER BY checkin_date) AS following
     FROM bookings WHERE TRIM(booking_status) IN ('confirmed', 'completed') AND checkout_date > checkin_date) stays
    WHERE following < checkout_date
"""


def respelt(table: str, column: str, words: str) -> str:
    return f"{table} WHERE TRIM({column}) IN {words} AND CAST({column} AS BINARY) NOT IN {words}"


COUNTS = {
    ("apartments", "currency_without_rate"): "apartments WHERE currency = 'XXX'",
    ("apartments", "source_spelling"): respelt("apartments", "source", SOURCES),
    ("apartments", "modified_before_created"): "apartments WHERE last_modified_timestamp < listing_created_on",
    ("apartments", "id_beyond_double"): "apartments WHERE id > 9007199254740992",
    ("apartment_attributes", "place_unknown"): f"apartment_attributes WHERE cityname IN {NOWHERE}",
    ("apartment_attributes", "place_padded"): "apartment_attributes WHERE cityname LIKE ' % '",
    ("apartment_attributes", "category_spelling"): respelt("apartment_attributes", "category", CATEGORIES),
    ("apartment_attributes", "amenities_none"): "apartment_attributes WHERE amenities = 'None'",
    ("apartment_attributes", "pets_unknown"): "apartment_attributes WHERE pets_allowed IS NULL",
    ("bookings", "orphan"): "bookings WHERE apartment_id NOT IN (SELECT id FROM apartments)",
    ("bookings", "currency_without_rate"): "bookings WHERE currency = 'XXX'",
    ("bookings", "status_spelling"): respelt("bookings", "booking_status", STATUSES),
    ("bookings", "rate_gap"): WITHOUT_RATE,
    ("bookings", "double_booked"): OVERLAPPING,
}


@pytest.fixture
def admin(source_server: MariaDb) -> Iterator[Admin]:
    """An administrator of a database that is not there yet."""
    server = admin_of(source_server, DATABASES[0])
    yield server
    with server.connect_to_server() as connection, connection.cursor() as cursor:
        for name in DATABASES:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


def query(admin: Admin, sql: str, *values: object) -> list[tuple]:
    with admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def number(admin: Admin, rows: str, *values: object) -> int:
    return query(admin, f"SELECT COUNT(*) FROM {rows}", *values)[0][0]


def by_key(rows: list[dict], key: str) -> dict[int, dict]:
    return {row[key]: row for row in rows}


def rejected(admin: Admin) -> dict[str, Counter]:
    verdicts = {
        table: Counter(verdict for row in rows if isinstance(verdict := clean(table, row), str))
        for table, rows in rows_of(admin).items()
    }
    return {table: found for table, found in verdicts.items() if found}


def test_the_same_seed_and_day_fill_two_databases_alike(admin: Admin) -> None:
    again, today = replace(admin, database="again"), date(2026, 3, 2)

    assert generate(admin, SMALL, 7, today) == generate(again, SMALL, 7, today)
    assert rows_of(admin) == rows_of(again)


def test_every_planted_fault_is_found_by_its_rule_and_by_no_other(admin: Admin) -> None:
    planted = generate(admin, SCALE).rejected

    assert rejected(admin) == planted
    assert {rule for rules in planted.values() for rule in rules} == {
        "source_unknown", "price_not_negative", "listing_created_on_missing", "category_unknown", "price_type_unknown",
        "price_display_unreadable", "latitude_in_range", "longitude_in_range", "square_feet_positive",
        "call_to_action_unknown", "booking_status_unknown", "payment_status_unknown", "total_price_missing",
        "checkout_after_checkin", "rate_positive",
    }  # fmt: skip


def test_every_harmless_oddity_is_in_the_database_as_often_as_told(admin: Admin) -> None:
    manifest = generate(admin, SCALE)
    told = {(table, kind): count for table, kinds in manifest.harmless.items() for kind, count in kinds.items()}
    found = {place: number(admin, rows) for place, rows in COUNTS.items()}
    for name, text in TRICKY.items():
        found["apartments", f"title_{name}"] = number(admin, "apartments WHERE INSTR(BINARY title, %s)", text)
        found["apartment_attributes", f"body_{name}"] = number(
            admin, "apartment_attributes WHERE INSTR(BINARY body, %s)", text
        )

    assert found == told
    assert all(count > 0 for count in told.values())
    assert number(admin, "bookings WHERE num_guests <= 0") == manifest.warned["bookings"]["guests_positive"]
    assert number(admin, "apartment_attributes WHERE price_display LIKE '$_,___.__'") > 10


def test_nothing_has_happened_from_today_on(admin: Admin) -> None:
    manifest = generate(admin, SMALL)

    assert manifest.today == query(admin, "SELECT UTC_DATE()")[0][0].isoformat()
    for table, column in (
        ("apartments", "last_modified_timestamp"),
        ("bookings", "booking_date"),
        ("bookings", "updated_at"),
        ("user_viewing", "viewed_at"),
        ("exchange_rates", "updated_at"),
    ):
        assert number(admin, f"{table} WHERE {column} >= %s", manifest.today) == 0, column


def test_cursors_ahead_of_the_clock_come_only_when_asked_for(admin: Admin) -> None:
    generate(admin, SMALL, future_cursors=3)

    assert number(admin, "bookings WHERE updated_at > UTC_TIMESTAMP() + INTERVAL 1 DAY") == 3


def test_one_table_alone_has_the_same_rows(admin: Admin) -> None:
    alone, today = replace(admin, database="one_table"), date(2026, 3, 2)
    generate(admin, SMALL, today=today)
    seen = []

    manifest = generate(alone, SMALL, today=today, tables=["bookings"], progress=lambda *told: seen.append(told))

    assert manifest.rows == {"bookings": 1_200}
    assert seen == [("bookings", 1_200, 1_200)]
    assert rows_of(alone) == {table: [] for table in rows_of(alone)} | {"bookings": rows_of(admin)["bookings"]}


def test_a_server_that_takes_no_files_gets_the_same_rows(admin: Admin) -> None:
    today, again = date(2026, 3, 2), replace(admin, database="again")
    generate(admin, SMALL, today=today)
    query(admin, "SET GLOBAL local_infile = 0")
    try:
        generate(again, SMALL, today=today)
    finally:
        query(admin, "SET GLOBAL local_infile = 1")

    assert rows_of(again) == rows_of(admin)


def test_an_existing_marketplace_is_never_written_over(admin: Admin) -> None:
    generate(admin, SMALL)

    with pytest.raises(NotEmptyError, match="already holds rows"):
        generate(admin, SMALL)


def test_the_next_day_does_to_bookings_what_it_tells(admin: Admin) -> None:
    generate(admin, SMALL)
    before = by_key(rows_of(admin)["bookings"], "booking_id")
    manifest = evolve(admin)
    after = by_key(rows_of(admin)["bookings"], "booking_id")

    for change, keys in manifest.status_changes.items():
        old, _, new = change.partition("->")
        assert [(before[k]["booking_status"].strip().lower(), after[k]["booking_status"]) for k in keys] == [
            (old, new)
        ] * 2
    assert len(manifest.status_changes) == 4
    assert len(manifest.moved) == 2
    for key in manifest.moved:
        assert after[key]["checkin_date"] - before[key]["checkin_date"] == timedelta(days=31)
    assert not set(manifest.deleted["bookings"]) & set(after)
    assert clean("bookings", before[manifest.repaired[0]]) == "booking_status_unknown"
    assert isinstance(clean("bookings", after[manifest.repaired[0]]), dict)
    assert isinstance(clean("bookings", before[manifest.broken[0]]), dict)
    assert clean("bookings", after[manifest.broken[0]]) == "booking_status_unknown"


def test_the_next_day_does_to_listings_what_it_tells(admin: Admin) -> None:
    generate(admin, SMALL)
    before, places = (by_key(rows_of(admin)[table], "id") for table in ("apartments", "apartment_attributes"))
    manifest = evolve(admin)
    after, moved = (by_key(rows_of(admin)[table], "id") for table in ("apartments", "apartment_attributes"))

    assert all(after[key]["price"] > before[key]["price"] for key in manifest.repriced)
    assert [after[key]["is_active"] for key in (*manifest.activated, *manifest.deactivated)] == [1, 1, 0, 0]
    assert all(moved[key]["cityname"] != places[key]["cityname"] for key in manifest.relocated)
    assert set(before) - set(after) == set(manifest.deleted["apartments"]) == set(places) - set(moved)
    assert number(admin, "bookings WHERE apartment_id IN %s", manifest.arrived) >= 1
    assert not set(manifest.arrived) & set(before)


def test_untouched_cursors_stay_while_the_rows_change_and_all_others_are_stamped_now(admin: Admin) -> None:
    generate(admin, SMALL)
    before = rows_of(admin)
    manifest = evolve(admin)
    after = rows_of(admin)

    for table, key, cursor in (
        ("bookings", "booking_id", "updated_at"),
        ("apartments", "id", "last_modified_timestamp"),
    ):
        old, new = by_key(before[table], key), by_key(after[table], key)
        changed = {k for k in old.keys() & new.keys() if old[k] != new[k]}
        unstamped = {k for k in changed if old[k][cursor] == new[k][cursor]}
        assert unstamped == set(manifest.untouched[table]) != set()
        assert {new[k][cursor].date().isoformat() for k in changed - unstamped} == {manifest.today}


def test_the_next_day_counts_its_rows(admin: Admin) -> None:
    first = generate(admin, SMALL)
    next_day = evolve(admin)

    assert {table: len(rows) for table, rows in rows_of(admin).items()} == next_day.rows
    for table, rows in next_day.rows.items():
        gone = len(next_day.deleted.get(table, ()))
        assert rows == first.rows[table] - gone + next_day.inserted[table], table
    assert rejected(admin)["bookings"]["booking_status_unknown"] == first.rejected["bookings"]["booking_status_unknown"]


def test_late_rows_are_seen_only_after_their_commit_with_cursors_of_before(admin: Admin) -> None:
    generate(admin, SMALL)
    late = open_late(admin)
    opened = query(admin, "SELECT UTC_TIMESTAMP(6)")[0][0]
    seen = "SELECT COUNT(*) FROM bookings WHERE booking_id IN %s AND updated_at >= UTC_DATE()"

    assert query(admin, seen, late.keys) == [(0,)]
    manifest = evolve(admin, late=late)

    assert manifest.late == late.keys
    assert query(admin, seen, late.keys) == [(5,)]
    assert query(admin, "SELECT MAX(updated_at) FROM bookings WHERE booking_id IN %s", late.keys)[0][0] <= opened
    assert query(admin, "SELECT MAX(updated_at) FROM bookings")[0][0] > opened


def test_an_abandoned_late_transaction_leaves_nothing(admin: Admin) -> None:
    generate(admin, SMALL)
    before = rows_of(admin)["bookings"]

    open_late(admin).abandon()

    assert rows_of(admin)["bookings"] == before


def test_days_can_follow_each_other(admin: Admin) -> None:
    generate(admin, SMALL)
    days: list[Manifest] = [evolve(admin, late=open_late(admin)) for _ in range(2)]

    assert all(day.inserted["bookings"] > 0 for day in days)
    assert not set(days[0].late) & set(days[1].late[:3])


def test_a_wrong_password_is_told_by_the_server(admin: Admin) -> None:
    with pytest.raises(pymysql.OperationalError):
        replace(admin, password="s3cret").connect_to_server()


def test_the_command_line_fills_a_database_and_plays_its_next_day(admin: Admin) -> None:
    command = [sys.executable, "-m", "demo.marketplace", "--port", str(admin.port), "--database", admin.database]
    environment = os.environ | {"MARKETPLACE_PASSWORD": admin.password}

    filled, evolved = (
        subprocess.run(
            command + more, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for more in (["--scale", str(SMALL), "--tables", *TABLES], ["--evolve"])
    )

    assert "rejected bookings checkout_after_checkin" in filled
    assert "status_changes canceled->confirmed" in evolved
    assert admin.password not in filled + evolved
    assert number(admin, "bookings") > 1_200
