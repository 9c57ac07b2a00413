"""Verdicts on small frames: rules about rows with their shares, rules about whole tables, and tidy text."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import curation, quality
from lakehouse.checks import AnyCheck, expression, fail, fresh, in_set, matches, not_null, references, unique, volume
from lakehouse.contracts import Column, Dates, Money, Snapshot, Table, Terminal
from lakehouse.lake import Lake
from lakehouse.window import micros
from tests.support.bronze import THINGS, moment, spark
from tests.support.bronze import curation as curated

DECOMPOSED = "  Cafe\u0301 Mu\u0308nchen \u00a0"
TEXTS = (DECOMPOSED, "\u212bngstro\u0308m", "🏠 home\tsweet ", "交通便利", "", "   ", "plain", "None", None)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    folder: Path = tmp_path_factory.mktemp("lake")
    return spark(Lake(str(folder)))


@pytest.fixture
def things(session: SparkSession) -> Callable[[str], DataFrame]:
    """Bronze rows from SQL values of id, kind, size and minutes."""

    def made(values: str) -> DataFrame:
        rows = session.sql(f"SELECT * FROM VALUES {values} AS t(id, kind, size, minutes)")
        return rows.select(
            F.col("id").cast("bigint"), "kind", F.col("size").cast("int"),
            (F.lit(moment(0)) + F.make_interval(mins="minutes")).alias("changed_at"), F.lit("upsert").alias("_op"),
        )  # fmt: skip

    return made


def verdict(rows: DataFrame, *checks: AnyCheck) -> quality.Verdict:
    table = replace(THINGS, checks=checks)
    return quality.verdict(curation.judged(rows, curated(table)), table, 0)


FOUR = "(1, 'green', 1, 0), (2, 'red', 2, 0), (3, 'red', 3, 0), (4, 'blue', NULL, 0)"


def test_a_fail_rule_stops_the_table_though_another_rule_is_blamed_first(things) -> None:
    with pytest.raises(Terminal, match="table things: 1 rows break small; silver is untouched"):
        verdict(things(FOUR), fail("small", "size > 1"))


def test_rows_up_to_the_tolerated_share_go_to_quarantine_instead_of_stopping_the_table(things) -> None:
    found = verdict(things(FOUR), fail("small", "size > 2", tolerated=0.5))
    assert found == quality.Verdict(4, {"kind_unknown": 1, "small": 1}, {})


def test_breaches_up_to_the_tolerated_share_are_no_warning(things) -> None:
    rules = [expression(f"w{share}", "size > 2", "warn", tolerated=share) for share in (0.0, 0.2, 0.25)]
    assert verdict(things(FOUR), *rules).warned == {"w0.0": 1, "w0.2": 1}


def test_each_constructor_finds_what_it_says(things) -> None:
    rules = (not_null("size"), in_set("size", (1, 2)), matches("kind", "r.d|b"))
    judged = curation.judged(things(FOUR), curated(replace(THINGS, checks=rules))).orderBy("id").collect()
    assert [row["_broken"] for row in judged] == [
        ["kind_unknown"], [], ["size_in_set"], ["size_not_null", "kind_matches"],
    ]  # fmt: skip


def whole(rows: DataFrame, *checks: AnyCheck, **look: object) -> dict[str, int]:
    found = quality.Whole(rows, **{"parents": {}, "at": micros(moment(100)), **look})
    return quality.whole(replace(THINGS, checks=checks), found)


def test_values_that_two_rows_share_are_counted_and_null_is_like_no_other(things) -> None:
    rows = things("(1, 'a', 1, 0), (2, 'a', 1, 0), (3, 'a', 2, 0), (4, NULL, 1, 0), (5, NULL, 1, 0)")
    assert whole(rows, unique("kind", "size")) == {"kind_size_unique": 1}
    assert whole(rows, unique("kind", "size", tolerated=0.2)) == {}
    with pytest.raises(Terminal, match="1 rows break kind_size_unique"):
        whole(rows, unique("kind", "size", severity="fail"))


def test_a_row_is_healed_when_its_parent_arrives_and_a_deleted_parent_is_known(session: SparkSession, things) -> None:
    rows, rule = things("(1, 'a', 7, 0), (2, 'a', 8, 0), (3, 'a', NULL, 0)"), references("size", "boxes", "id")

    def boxes(*ids: int) -> dict[str, DataFrame]:
        deleted = "CAST('2024-01-01' AS TIMESTAMP) AS _deleted_at"
        return {"boxes": session.sql(f"SELECT explode(array{ids}) AS id, {deleted}")}

    assert whole(rows, rule, parents=boxes(7, 9)) == {"size_known": 1}
    assert whole(rows, rule, parents=boxes(7, 8)) == {}
    assert whole(rows, rule) == {}, "not judged before the other table is there"


def test_a_table_whose_newest_row_is_too_old_is_told(things) -> None:
    rows = things("(1, 'a', 1, 10), (2, 'a', 1, 90)")
    assert whole(rows, fresh("changed_at", timedelta(minutes=10))) == {}
    assert whole(rows, fresh("changed_at", timedelta(minutes=9))) == {"changed_at_fresh": 1}


def test_an_unusual_volume_is_told_once_enough_runs_are_known(things) -> None:
    rows, rule = things(FOUR), volume(0.5, 2)
    found = {brought: whole(rows, rule, usual=(10, 10, 10, 100), brought=brought) for brought in (4, 5, 20, 21)}
    assert found == {4: {"volume": 1}, 5: {}, 20: {}, 21: {"volume": 1}}
    assert whole(rows, rule, usual=(10, 10), brought=1) == {}
    assert whole(rows, rule, usual=(10, 10, 10), brought=None) == {}, "a look at everything is no usual run"


def test_rules_about_the_whole_table_take_one_aggregate(things, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, taken = things(FOUR), []
    agg = type(rows).agg
    monkeypatch.setattr(type(rows), "agg", lambda self, *e: taken.append(len(e)) or agg(self, *e))
    parents = {"boxes": rows}
    whole(
        rows, unique("kind"), unique("size"), references("size", "boxes", "id"),
        fresh("changed_at", timedelta(days=1)), parents=parents,
    )  # fmt: skip
    assert taken == [5]


def tidied(session: SparkSession, is_key: bool) -> list[str | None]:
    rows = session.createDataFrame([(i, text) for i, text in enumerate(TEXTS)], "i int, t string")
    return [r[0] for r in rows.orderBy("i").select(curation.value(Column("t", "STRING"), is_key=is_key)).collect()]


def test_text_is_composed_and_trimmed_and_no_text_becomes_no_value(session: SparkSession) -> None:
    wanted = [None if text is None else unicodedata.normalize("NFC", text).strip() for text in TEXTS]
    assert tidied(session, is_key=False) == wanted
    assert wanted[0] != DECOMPOSED.strip(), "else this shows nothing"


def test_a_key_is_never_tidied_for_two_keys_must_not_become_one(session: SparkSession) -> None:
    assert tidied(session, is_key=True) == list(TEXTS)


def test_text_that_cannot_be_read_goes_to_quarantine_and_stops_no_table(session: SparkSession) -> None:
    columns = (
        Column("id", "BIGINT"), Column("rooms", "INT", stored="VARCHAR(9)"),
        Column("price", "DECIMAL(9,2)", stored="TEXT", spelling=Money()),
        Column("day", "DATE", stored="TEXT", spelling=Dates(("dd/MM/yyyy",))),
    )  # fmt: skip
    table = Table("flats", ("id",), Snapshot(), columns)
    rows = session.sql(
        "SELECT * FROM VALUES (1, '3', '$1,379.00', '29/02/2024'), (2, 'three', '$1,58.42', '30/02/2024') "
        "AS t(id, rooms, price, day)"
    )
    good, bad = curation.judged(rows, curated(table)).orderBy("id").collect()
    assert (good["rooms"], str(good["price"]), str(good["day"]), good["_broken"]) == (3, "1379.00", "2024-02-29", [])
    assert bad["_broken"] == ["rooms_unreadable", "price_unreadable", "day_unreadable"]
