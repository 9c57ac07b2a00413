from datetime import date

import pytest

from tests.reference import MARTS, stay_nights
from tests.reference.worlds import world
from transforms import catalog


def one_of_each():
    bookings = "| booking_id | booking_status |\n| 1 | confirmed |\n| 2 | canceled |"
    return world(apartments="| id |\n| 1 |", bookings=bookings)


@pytest.mark.parametrize("name", MARTS)
def test_a_mart_has_exactly_its_declared_columns(name):
    rows = MARTS[name](one_of_each(), date(2024, 1, 31))
    assert {tuple(row) for row in rows} == {tuple(column.name for column in catalog().marts[name].mart.columns)}


@pytest.mark.parametrize("name", MARTS)
def test_an_empty_world_has_no_rows(name):
    assert MARTS[name](world(), date(2024, 1, 31)) == []


def test_stay_nights_have_exactly_their_columns():
    row, *_ = stay_nights(one_of_each())
    assert list(row) == [column.name for column in catalog().marts["stay_nights"].mart.columns]
