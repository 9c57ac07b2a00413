"""The spans of the marts say of every day what the history says that was at its end."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from pyspark.sql import SparkSession

from tests.reference.as_of import silver_as_of
from tests.reference.drawn import FIRST, LAST, worlds
from tests.reference.world import World
from tests.transforms.drawn import framed, history
from tests.transforms.worlds import SCHEMAS
from transforms.supply import live_spans, price_spans

Row = dict[str, Any]
DAYS = [FIRST + timedelta(n) for n in range(-3, (LAST - FIRST).days + 3)]
some_worlds = settings(
    max_examples=4, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def on_offer(rows: list[Row], day: date) -> set[tuple[int, bool]]:
    """The listings on offer at the end of a day, and whether that is assumed of their first version (ruling 9)."""
    first: dict[int, Row] = {}
    for row in sorted(rows, key=lambda row: (row["valid_from"], row["_seq"])):
        if row["valid_to"] is None or row["valid_from"] < row["valid_to"]:
            first.setdefault(row["id"], row)
    known = [(row, False) for row in silver_as_of(rows, day)]
    assumed = [(row, True) for row in first.values() if day < row["valid_from"].date()]
    return {
        (row["id"], is_assumed)
        for row, is_assumed in known + assumed
        if row["is_active"] and row["listing_created_on"].date() <= day
    }


def spanned(spans: list[Any], day: date) -> set[tuple[int, bool]]:
    """The same by the spans."""
    return {(s.apartment_id, s.is_assumed) for s in spans if s.first_day <= day <= s.last_day}


def asked(spans: list[Any], day: date) -> Iterator[tuple[int, Any, str | None]]:
    """What each listing asked on a day, by the spans."""
    for s in spans:
        if (s.price_from is None or s.price_from <= day) and (s.price_until is None or day < s.price_until):
            yield s.apartment_id, s.price, s.currency


@some_worlds
@given(drawn=worlds(most_bookings=12))
def test_spans_say_of_every_day_what_stood_at_its_end(spark: SparkSession, drawn: tuple[World, date]) -> None:
    rows = history("apartments", drawn[0].apartments)
    frame = framed(spark, SCHEMAS["apartments_history"], rows)
    live, prices = live_spans(frame, DAYS[-1]).collect(), price_spans(frame).collect()

    assert {day: spanned(live, day) for day in DAYS} == {day: on_offer(rows, day) for day in DAYS}
    for day in DAYS:
        stood = [(row["id"], row["price"], row["currency"]) for row in silver_as_of(rows, day)]
        assert len({listing for listing, *_ in stood}) == len(stood), "one state of a listing"
        assert set(stood) <= set(asked(prices, day))
    begun = {day - timedelta(1): spanned(live, day) for day in DAYS}
    assert any(found != on_offer(rows, day) for day, found in begun.items()), "the state at its beginning is another"
