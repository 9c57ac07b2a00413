"""The rows of the made-up marketplace, before a database sees them."""

from datetime import date

import numpy as np
import pytest

from demo.marketplace import bulk
from demo.marketplace.admin import TABLES, Admin
from demo.marketplace.calendar import Calendar
from demo.marketplace.columns import Columns, generator, height
from demo.marketplace.dirt import Dirt, append, choose, soil
from demo.marketplace.generate import generate, soiled
from demo.marketplace.manifest import Manifest
from demo.marketplace.rates import GAP_CURRENCY, unrated
from demo.marketplace.world import tables_of

TODAY = date(2026, 11, 24)
CALENDAR = Calendar(TODAY)
DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def world() -> dict[str, Columns]:
    return tables_of(CALENDAR, 0.2, 7, TABLES)


def days(values: np.ndarray) -> np.ndarray:
    return values.astype("datetime64[D]")


def same(some: Columns, other: Columns) -> bool:
    return all(bulk.typed("bookings", {n: some[n]}).equals(bulk.typed("bookings", {n: other[n]})) for n in some)


def test_the_same_seed_and_day_make_the_same_rows_and_another_seed_others() -> None:
    first, again, other = (tables_of(CALENDAR, 0.02, seed, TABLES) for seed in (7, 7, 8))
    soiled(CALENDAR, first, 7)
    soiled(CALENDAR, again, 7)
    soiled(CALENDAR, other, 8)

    assert same(first["bookings"], again["bookings"])
    assert not same(first["bookings"], other["bookings"])


def test_bookings_are_the_same_when_other_tables_are_left_out(world: dict[str, Columns]) -> None:
    assert same(tables_of(CALENDAR, 0.2, 7, ["bookings"])["bookings"], world["bookings"])


def test_sizes_follow_the_scale(world: dict[str, Columns]) -> None:
    rows = {name: height(columns) for name, columns in world.items()}

    assert rows.pop("exchange_rates") > 7_000
    assert rows == {"apartments": 1_000, "apartment_attributes": 1_000, "bookings": 12_000, "user_viewing": 40_000}


def test_clean_stays_of_a_listing_never_overlap(world: dict[str, Columns]) -> None:
    booked = world["bookings"]
    order = np.lexsort((booked["checkin_date"], booked["apartment_id"]))
    order = order[booked["booking_status"][order] != "canceled"]
    listing, begin, end = (booked[name][order] for name in ("apartment_id", "checkin_date", "checkout_date"))

    assert not ((listing[1:] == listing[:-1]) & (begin[1:] < end[:-1])).any()


def test_everything_happens_in_its_order_and_before_today(world: dict[str, Columns]) -> None:
    booked, apartments, viewed = world["bookings"], world["apartments"], world["user_viewing"]
    lead = (booked["checkin_date"] - days(booked["booking_date"])).astype(int)

    assert (booked["booking_date"] <= booked["updated_at"]).all()
    assert (apartments["listing_created_on"] <= apartments["last_modified_timestamp"]).all()
    assert lead.min() >= 0
    assert lead.max() <= 90
    cursors = (booked["updated_at"], apartments["last_modified_timestamp"], viewed["viewed_at"])
    for cursor in (*cursors, world["exchange_rates"]["updated_at"]):
        assert cursor.max() < CALENDAR.end
        assert cursor.min() >= CALENDAR.start - 14


def test_nobody_books_a_listing_before_it_exists(world: dict[str, Columns]) -> None:
    created = dict(zip(world["apartments"]["id"], world["apartments"]["listing_created_on"], strict=True))
    since = np.array([created[key] for key in world["bookings"]["apartment_id"]])

    assert (since <= world["bookings"]["booking_date"]).all()


def test_the_figures_look_like_those_of_a_real_marketplace(world: dict[str, Columns]) -> None:
    booked = world["bookings"]
    nights = (booked["checkout_date"] - booked["checkin_date"]).astype(int)
    first, last = (day.astype("datetime64[M]") for day in (booked["checkin_date"], booked["checkout_date"] - DAY))
    visits = np.unique(booked["user_id"], return_counts=True)[1]

    assert (nights.min(), nights.max()) == (1, 14)
    assert 0.07 < (first != last).mean() < 0.1
    assert 0.1 < (booked["booking_status"] == "canceled").mean() < 0.15
    assert np.isin(booked["booking_status"], ("confirmed", "completed")).mean() > 0.8
    assert (visits > 1).mean() > 0.5
    assert visits.max() < 0.01 * height(booked)
    last_year = booked["booking_date"] >= CALENDAR.end - 365 * DAY
    assert last_year.sum() > 1.5 * (~last_year & (booked["booking_date"] >= CALENDAR.end - 730 * DAY)).sum()


def test_popular_places_are_a_third_to_two_thirds_full(world: dict[str, Columns]) -> None:
    apartments, booked = world["apartments"], world["bookings"]
    city_of = dict(zip(apartments["id"], world["apartment_attributes"]["cityname"], strict=True))
    since = (CALENDAR.today - days(apartments["listing_created_on"])).astype(int) * apartments["is_active"]
    staying = np.isin(booked["booking_status"], ("confirmed", "completed"))
    nights = (np.minimum(booked["checkout_date"], CALENDAR.today) - booked["checkin_date"]).astype(int).clip(0)
    cities = np.array([city_of[key] for key in booked["apartment_id"]])

    for city in ("Miami", "Barcelona", "Paris"):
        offered = since[world["apartment_attributes"]["cityname"] == city].sum()
        assert 0.3 < nights[staying & (cities == city)].sum() / offered < 0.7, city


def test_two_thirds_of_listing_ids_are_beyond_a_double_and_half_of_those_would_collide(
    world: dict[str, Columns],
) -> None:
    keys = world["apartments"]["id"]
    big = keys[keys > 2**53]

    assert len(set(keys.tolist())) == len(keys)
    assert 0.65 < len(big) / len(keys) < 0.68
    assert len(set(big.astype(float).tolist())) < len(big)


def test_rates_come_on_weekdays_and_one_currency_has_none_for_more_than_a_week(world: dict[str, Columns]) -> None:
    rates = world["exchange_rates"]
    first, last = unrated(CALENDAR)
    known = rates["rate_date"][rates["currency"] == GAP_CURRENCY]

    def age(day: np.datetime64) -> int:
        return int((day - known[known <= day].max()).astype(int))

    assert np.is_busday(rates["rate_date"]).all()
    assert len(np.unique(rates["currency"])) == 10
    assert (age(first - DAY), age(first)) == (7, 8)
    assert (age(last) > 7, age(last + DAY)) == (True, 0)


def test_every_row_has_at_most_one_kind_of_dirt() -> None:
    kinds = tuple(Dirt(name, 0.2, append("trace", name)) for name in "abcde")
    columns = {"trace": np.full(50, "", object)}

    planted = soil(generator(1, "test"), kinds, columns)

    assert planted["quarantined"] == dict.fromkeys("abcde", 10)
    assert sorted(columns["trace"]) == sorted([f" {name}" for name in "abcde"] * 10)


def test_values_of_a_kind_are_all_used() -> None:
    columns = {"word": np.full(9, "", object)}

    soil(generator(1, "test"), (Dirt("words", 1, choose("word", "x", "y", "z")),), columns)

    assert sorted(columns["word"]) == ["x"] * 3 + ["y"] * 3 + ["z"] * 3


def test_nothing_becomes_null_in_every_type() -> None:
    moments = np.array(["2026-01-02T03:04:05.000006", "NaT"], "datetime64[us]")
    rows = bulk.typed(
        "bookings",
        {"total_price": np.array([1379.0, np.nan]), "currency": np.array(["USD", None], object), "updated_at": moments,
         "num_guests": np.array([2.0, np.nan])},
    )  # fmt: skip

    assert [str(value) for value in rows.to_pylist()[0].values()] == [
        "1379.00", "USD", "2026-01-02 03:04:05.000006", "2",
    ]  # fmt: skip
    assert set(rows.to_pylist()[1].values()) == {None}


def test_a_scale_too_small_for_the_dirt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        generate(Admin("nowhere", 1, "u", "p"), 0.001)


def test_a_manifest_is_plain_json_and_a_password_is_never_shown() -> None:
    manifest = Manifest("2026-11-24", {"bookings": 2}, rejected={"bookings": {"rate_positive": 1}}, late=(7, 8))

    assert '"late": [' in manifest.to_json()
    assert manifest.quarantined("bookings") == {"rate_positive": 1}
    assert manifest.quarantined("apartments") == {}
    assert "s3cret" not in repr(Admin("h", 1, "u", "s3cret"))
