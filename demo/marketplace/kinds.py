"""The kinds of dirt of each table."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demo.marketplace.calendar import Calendar
from demo.marketplace.columns import Array, Columns
from demo.marketplace.dirt import Dirt, append, choose, respell
from demo.marketplace.listings import BEYOND_DOUBLE
from demo.marketplace.rates import GAP_CURRENCY, unrated

PLACELESS = ("null", "NA", "N/A", "Undefined", "")
TRICKY = {
    "newline": "first line\nsecond line",
    "doubled_quotes": 'the ""best"" of town',
    "backslash": "back\\slash \\N and \\n",
    "tab": "tab\tinside",
    "carriage_return": "carriage\r\nreturn",
    "emoji": "🏠 home sweet home 🌇",
    "cjk": "交通便利な部屋、駅から徒歩5分",
    "accents": "l'appartement d'à côté",
}
ORPHANS_FROM, ORPHANS = 5_000_000, 1_000_000
DAY = np.timedelta64(1, "D")


def kinds_of(calendar: Calendar) -> dict[str, tuple[Dirt, ...]]:
    """All kinds, by table."""
    return {
        "apartments": APARTMENTS,
        "apartment_attributes": ATTRIBUTES,
        "user_viewing": VIEWINGS,
        "bookings": (_rate_gap(calendar), *BOOKINGS),
        "exchange_rates": (_bad_rate(calendar),),
    }


def leave_before_arrival(rng: Generator, columns: Columns, rows: Array) -> None:
    """The stay has no night, or fewer."""
    columns["checkout_date"][rows] = columns["checkin_date"][rows] - rng.integers(0, 4, len(rows)) * DAY


def forget_listing(rng: Generator, columns: Columns, rows: Array) -> None:
    """The booking is of a listing that nobody has seen."""
    columns["apartment_id"][rows] = ORPHANS_FROM + rng.integers(0, ORPHANS, len(rows))


def book_again(_: Generator, columns: Columns, rows: Array) -> None:
    """Half of the bookings become the stays of the other half, by another guest."""
    copies, stays = np.split(rows, 2)
    for name in columns.keys() - {"booking_id", "user_id"}:
        columns[name][copies] = columns[name][stays]


def forget_place(rng: Generator, columns: Columns, rows: Array) -> None:
    """The city, and for every other one the state too, is one of the words for nothing."""
    choose("cityname", *PLACELESS)(rng, columns, rows)
    choose("state", *PLACELESS)(rng, columns, rows[::2])


def touch_before_creation(rng: Generator, columns: Columns, rows: Array) -> None:
    """The last change is some hours before the creation."""
    hours = rng.integers(1, 48, len(rows)).astype("timedelta64[h]")
    columns["last_modified_timestamp"][rows] = columns["listing_created_on"][rows] - hours


def _british(word: str) -> str:
    return word.replace("canceled", "cancelled").title()


def _stands(columns: Columns) -> Array:
    return (columns["booking_status"] == "confirmed") | (columns["booking_status"] == "completed")


def _rate_gap(calendar: Calendar) -> Dirt:
    first, last = unrated(calendar)

    def in_gap(columns: Columns) -> Array:
        day = columns["booking_date"].astype("datetime64[D]")
        return (day >= first) & (day <= last) & (columns["booking_status"] != "canceled")

    return Dirt("rate_gap", 0.0005, choose("currency", GAP_CURRENCY), "harmless", in_gap)


def _bad_rate(calendar: Calendar) -> Dirt:
    """Not where it would leave bookings without a rate."""

    def amid_good_ones(columns: Columns) -> Array:
        return (columns["currency"] != GAP_CURRENCY) & (columns["rate_date"] >= calendar.start + DAY)

    return Dirt("rate_positive", 0.0008, choose("usd_per_unit", 0.0, -1.0), eligible=amid_good_ones)


APARTMENTS = (
    Dirt("source_unknown", 0.0012, choose("source", "Fax", "unknown source", "Airbnb2")),
    Dirt("price_not_negative", 0.0012, choose("price", -1.0, -250.0)),
    Dirt("listing_created_on_missing", 0.0012, choose("listing_created_on", np.datetime64("NaT"))),
    Dirt("currency_without_rate", 0.002, choose("currency", "XXX"), "harmless"),
    Dirt("source_spelling", 0.005, respell("source", str.upper, str.lower, " {} ".format), "harmless"),
    Dirt("modified_before_created", 0.003, touch_before_creation, "harmless"),
    *(Dirt(f"title_{name}", 0.012, append("title", text), "harmless") for name, text in TRICKY.items()),
)
ATTRIBUTES = (
    Dirt("category_unknown", 0.0012, choose("category", "Castle", "9BHK")),
    Dirt("price_type_unknown", 0.0012, choose("price_type", "Hourly", "Barter")),
    Dirt("price_display_unreadable", 0.0012, choose("price_display", "call us", "on request", "$1.2.3")),
    Dirt("latitude_in_range", 0.0012, choose("latitude", 91.5, -123.456789)),
    Dirt("longitude_in_range", 0.0012, choose("longitude", -190.0, 200.25)),
    Dirt("square_feet_positive", 0.0012, choose("square_feet", 0, -450)),
    Dirt("place_unknown", 0.03, forget_place, "harmless"),
    Dirt("place_padded", 0.01, respell("cityname", " {} ".format), "harmless"),
    Dirt("category_spelling", 0.01, respell("category", str.lower, " {}".format), "harmless"),
    Dirt("amenities_none", 0.02, choose("amenities", "None"), "harmless"),
    *(Dirt(f"body_{name}", 0.012, append("body", text), "harmless") for name, text in TRICKY.items()),
)
VIEWINGS = (Dirt("call_to_action_unknown", 0.0001, choose("call_to_action", "Wave", "Call Me Maybe")),)
BOOKINGS = (
    Dirt("double_booked", 0.004, book_again, "harmless", _stands, width=2),
    Dirt("checkout_after_checkin", 0.006, leave_before_arrival),
    Dirt("booking_status_unknown", 0.0002, choose("booking_status", "on_hold", "???", "no-show")),
    Dirt("payment_status_unknown", 0.0002, choose("payment_status", "bitcoin", "iou")),
    Dirt("total_price_missing", 0.0002, choose("total_price", np.nan)),
    Dirt("price_not_negative", 0.0002, choose("total_price", -0.01, -199.0)),
    Dirt("guests_positive", 0.0005, choose("num_guests", 0, -1), "warned"),
    Dirt("orphan", 0.002, forget_listing, "harmless"),
    Dirt("currency_without_rate", 0.002, choose("currency", "XXX"), "harmless"),
    Dirt("status_spelling", 0.03, respell("booking_status", _british, str.upper, " {} ".format), "harmless"),
)


def observed(calendar: Calendar, table: str, columns: Columns) -> dict[str, int]:
    """Oddities that need no planting, or that chance adds to, as they stand in the rows."""
    match table:
        case "apartments":
            return {"id_beyond_double": int((columns["id"] > BEYOND_DOUBLE).sum())}
        case "apartment_attributes":
            return {"pets_unknown": int(np.isnan(columns["pets_allowed"]).sum())}
        case "bookings":
            day = columns["booking_date"].astype("datetime64[D]")
            first, last = unrated(calendar)
            lost = (columns["currency"] == GAP_CURRENCY) & (day >= first) & (day <= last)
            return {"rate_gap": int(lost.sum())}
    return {}
