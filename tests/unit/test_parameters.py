"""The form of a run: what the UI shows of each field, and what is refused before a run reads anything."""

from datetime import date
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError
from prefect.runtime import flow_run

import transforms
from flows.marketplace import marketplace
from flows.parameters import run_name

FIRST, LAST = date(2026, 1, 1), date(2026, 2, 1)
FORM = marketplace.parameters.model_dump_for_openapi()


@pytest.mark.parametrize("name", FORM["properties"])
def test_every_field_has_a_title_a_description_and_a_default(name: str) -> None:
    field = FORM["properties"][name]

    assert field["title"] != name, "the name of the argument is no title for people"
    assert len(field["description"]) > 10
    assert "default" in field


def test_the_tables_to_choose_from_are_those_of_the_catalog() -> None:
    chosen = FORM["properties"]["tables"]["items"]["$ref"].rpartition("/")[2]

    assert FORM["definitions"][chosen]["enum"] == sorted(transforms.catalog().tables)


def test_modes_are_to_choose_from_and_days_are_dates() -> None:
    fields = FORM["properties"]

    assert fields["mode"]["enum"] == ["incremental", "full", "backfill", "reconcile"]
    for day in ("since", "until", "as_of"):
        assert {"type": "string", "format": "date"} in fields[day]["anyOf"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a backfill without days": ({"mode": "backfill"}, "mode backfill needs `since` and `until`"),
    "a backfill with one day": ({"mode": "backfill", "since": FIRST}, "mode backfill needs `since` and `until`"),
    "days without a backfill": ({"since": FIRST, "until": LAST}, "only that mode takes them"),
    "one day without a backfill": ({"since": FIRST}, "only that mode takes them"),
    "days in the wrong order": (
        {"mode": "backfill", "since": LAST, "until": FIRST},
        "2026-02-01 is not before 2026-01-01",
    ),
    "no day at all": ({"mode": "backfill", "since": FIRST, "until": FIRST}, "2026-01-01 is not before 2026-01-01"),
    "an unknown table": ({"tables": ["bookings", "bookingz"]}, "there is no table bookingz; there are apartment_"),
    "an unknown mode": ({"mode": "bogus"}, "should be 'incremental', 'full', 'backfill' or 'reconcile'"),
    "a day that there is not": ({"as_of": "2026-02-30"}, "as_of: Input should be a valid date"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_with_its_reason(case: str) -> None:
    given, reason = REFUSED[case]

    with pytest.raises(ParameterTypeError) as refused:
        marketplace.validate_parameters(given)
    assert reason in str(refused.value)


def test_a_backfill_with_its_days_is_taken() -> None:
    taken = marketplace.validate_parameters({"mode": "backfill", "since": "2026-01-01", "until": LAST})

    assert (taken["since"], taken["until"], taken["tables"]) == (FIRST, LAST, ())


NAMES: dict[str, dict[str, Any]] = {
    "incremental all tables": {},
    "reconcile all tables": {"mode": "reconcile", "tables": []},
    "full bookings, exchange_rates": {"mode": "full", "tables": ["bookings", "exchange_rates"]},
    "backfill bookings 2026-01-01 to 2026-02-01": {
        "mode": "backfill", "tables": ["bookings"], "since": FIRST, "until": LAST,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_named_by_its_mode_its_tables_and_its_days(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(flow_run), "parameters", marketplace.validate_parameters(NAMES[name]))

    assert run_name() == name
