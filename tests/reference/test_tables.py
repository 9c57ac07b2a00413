from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.support.tables import lines, parse, render


def test_cells_are_typed_by_their_column_and_blank_ones_are_none():
    (row,) = parse("""
        | id | title | price | booking_date        | night      | is_partial | city |
        | 7  | Flat  | 9.50  | 2024-01-01 12:30:00 | 2024-01-02 | false      |      |
    """)
    assert row == {
        "id": 7,
        "title": "Flat",
        "price": Decimal("9.50"),
        "booking_date": datetime(2024, 1, 1, 12, 30),
        "night": date(2024, 1, 2),
        "is_partial": False,
        "city": None,
    }


def test_a_given_type_overrules_the_name():
    assert parse("| price |\n| 12 |", price=str) == [{"price": "12"}]


def test_a_line_with_a_cell_too_few_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        parse("| a | b |\n| 1 |")


def test_rendered_rows_keep_their_scale_and_ignore_columns_not_asked_for():
    rows = [
        {"usd": Decimal("1.50"), "city": None, "other": 1},
        {"usd": Decimal("1.5"), "city": "Oslo", "other": 2},
    ]
    like = """
        | city | usd  |
        |      | 1.50 |
        | Oslo | 1.5  |
    """
    assert render(rows, like) == lines(like)
