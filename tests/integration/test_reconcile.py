"""`lakehouse reconcile --warehouse`: what is served against what gold says, and which keys differ."""

from datetime import date

import pytest
from sqlalchemy import Engine, text

from lakehouse.contracts import Catalog, Recipe, Terminal, Transient
from lakehouse.course import refuse_difference
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.source.horizon import Horizon
from lakehouse.warehouse.reconcile import compare
from tests.integration.test_release import MARTS, engine, gold, release, ten_days
from tests.support.gold_lake import GoldLake, on

__all__ = ["engine", "gold"]
CATALOG = Catalog(marts={name: Recipe(mart, lambda: None, (), "1") for name, mart in MARTS.items()})


def test_what_is_served_as_gold_says_is_equal(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))

    assert [(c.mart, c.release, c.equal) for c in compare(engine, gold.lake, CATALOG)] == [("nights", "served", True)]


def test_rows_that_somebody_altered_are_named_by_their_keys(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM presentation.nights WHERE day = '2024-01-02'"))
        connection.execute(text("UPDATE presentation.nights SET note = 'other' WHERE day = '2024-01-05'"))

    (found,) = compare(engine, gold.lake, CATALOG)

    assert not found.equal
    assert (found.gold.rows, found.warehouse.rows) == (10, 9)
    assert found.only_in_gold == ("2024-01-02 1", "2024-01-05 1")
    assert found.only_in_warehouse == ("2024-01-05 1",)


def test_a_mart_that_gold_has_left_behind_and_one_never_released_are_told(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    gold.write("nights", [], [on(1)])
    gold.write("guests", ten_days())

    found = {c.mart: c for c in compare(engine, gold.lake, CATALOG)}

    assert (found["nights"].release, found["nights"].only_in_warehouse) == ("behind", ("2024-01-02 1",))
    assert (found["guests"].release, found["guests"].equal) == ("missing", False)


def nightly(gold: GoldLake) -> Run:
    settings = Settings(lake=gold.lake.root, mirrors="none")
    return Run("night", settings, CATALOG, "reconcile", Horizon(0, 0, "none"), date(2024, 1, 31))


def test_a_nightly_run_that_finds_an_altered_mart_fails_and_names_it(engine: Engine, gold: GoldLake) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()), guests=gold.write("guests", ten_days()))
    refuse_difference(nightly(gold), engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE presentation.nights SET note = 'other' WHERE day = '2024-01-05'"))

    with pytest.raises(Terminal, match=r"not what the lake is: nights \(served\); .* names the keys"):
        refuse_difference(nightly(gold), engine)


def test_a_warehouse_that_another_run_is_about_to_bring_up_to_date_is_worth_another_look(
    engine: Engine, gold: GoldLake
) -> None:
    release(engine, gold, nights=gold.write("nights", ten_days()))
    gold.write("nights", [], [on(1)])

    with pytest.raises(Transient, match=r"behind the lake.*nights \(behind\)"):
        refuse_difference(nightly(gold), engine)
