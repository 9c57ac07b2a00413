"""Silver, history and quarantine from bronze that the test writes: rules, repairs, retries, new declarations."""

from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse import silver
from lakehouse.checks import between
from lakehouse.contracts import Column, Table, Terminal
from lakehouse.quality import Broken, Verdict
from tests.reference import silver as reference
from tests.support.bronze import THINGS, Bench, Version, curation, read_at

BAD, WORSE = Version(1, "green", 5, 1), Version(1, "green", -5, 2)
GOOD = Version(2, " Red", 7, 1)


def as_dicts(rows: list) -> list[dict]:
    return sorted((row.asDict() for row in rows), key=str)


def naive(rows: list[dict]) -> list[dict]:
    """Spark hands out times without a zone, in that of the process."""
    strip = lambda v: v.astimezone().replace(tzinfo=None) if hasattr(v, "tzinfo") else v  # noqa: E731
    return sorted(({name: strip(value) for name, value in row.items()} for row in rows), key=str)


def wider(table: Table) -> Table:
    """Sizes as decimals, up to ten."""
    columns = tuple(replace(c, type="DECIMAL(9,2)", stored="INT") if c.name == "size" else c for c in table.columns)
    return replace(table, columns=columns, checks=(between("size", 0, 10),))


def test_a_row_is_first_seen_when_it_broke_and_leaves_quarantine_when_it_is_repaired(tmp_path: Path) -> None:
    bench = Bench.of(tmp_path)
    bench.commit([BAD, GOOD])
    assert bench.advance().rejected == {"kind_unknown": 1}
    bench.commit([WORSE])
    bench.advance()

    (row,) = as_dicts(bench.rows("quarantine"))
    assert row["_reason"] == "kind_unknown, size_in_range"
    assert row["_last_seen"] - row["_first_seen"] == read_at(2) - read_at(1)
    assert (row["kind"], row["size"], row["_run_id"]) == ("green", -5, "w2")
    bench.commit([Version(1, "blue", 5, 3)])
    bench.advance()
    assert bench.rows("quarantine") == []
    assert [row["kind"] for row in bench.rows("silver")] == ["blue", "red"]


@pytest.mark.long
def test_new_types_and_rules_make_every_layer_what_a_fresh_build_makes_it(tmp_path: Path) -> None:
    bench, fresh = Bench.of(tmp_path / "old"), Bench.of(tmp_path / "fresh")
    for each in (bench, fresh):
        each.commit([BAD, GOOD, Version(3, "red", 50, 1)])
        each.commit([Version(2, "blue", 8, 2), Version(4, None, 1, 2)])
    bench.advance()
    changed = curation(wider(THINGS), "2")

    assert bench.behind(changed)
    bench.advance(spec=changed)
    fresh.advance(spec=changed)

    for layer in ("silver", "history", "quarantine"):
        assert bench.frame(layer).schema == fresh.frame(layer).schema, layer
        assert bench.rows(layer) == fresh.rows(layer), layer
    assert dict(bench.frame("silver").dtypes)["size"] == "decimal(9,2)"
    assert {row["id"] for row in bench.rows("quarantine")} == {1, 3}


@pytest.mark.long
def test_retry_judges_all_by_changed_rules_and_types_and_moves_no_bronze(tmp_path: Path) -> None:
    bench, fresh = Bench.of(tmp_path / "old"), Bench.of(tmp_path / "fresh")
    for each in (bench, fresh):
        each.commit([BAD, GOOD, Version(3, "red", 150, 1), Version(5, "red", 50, 1)])
    bench.advance()
    bench.commit([Version(2, "blue", 1, 2)])
    changed = curation(replace(wider(THINGS), checks=(between("size", 60, 200),)), "2")

    assert bench.retry(changed) == Verdict(4, {"kind_unknown": 1, "size_in_range": 2}, {})

    fresh.advance(spec=changed)
    for layer in ("silver", "history", "quarantine"):
        assert bench.frame(layer).schema == fresh.frame(layer).schema, layer
        assert bench.rows(layer) == fresh.rows(layer), layer
    assert [row["id"] for row in bench.rows("silver")] == [3], "of 2 the version that was not consumed is not judged"
    assert bench.lake.state("silver", "things").inputs == {"bronze": 1} and bench.behind(changed)


def test_retry_by_the_same_rules_lets_nothing_out_and_of_another_shape_is_refused(tmp_path: Path) -> None:
    bench = Bench.of(tmp_path)
    with pytest.raises(Terminal, match="table things is not in the lake yet; `lakehouse run` loads it"):
        bench.retry(curation(THINGS))
    bench.commit([BAD, GOOD])
    bench.advance()
    before = bench.lake.state("silver", "things")

    assert bench.retry(curation(THINGS)) is None
    with pytest.raises(Terminal, match="what it reads of the source has changed; `lakehouse run` judges it all"):
        bench.retry(curation(replace(THINGS, columns=(*THINGS.columns, Column("colour", "STRING"))), "2"))

    assert bench.lake.state("silver", "things") == before


def test_more_rejects_than_the_declared_share_stop_the_table_before_any_layer_of_it_is_touched(tmp_path: Path) -> None:
    bench = Bench.of(tmp_path, replace(THINGS, max_reject_share=0.5))
    bench.commit([GOOD, Version(3, "blue", 1, 1)])
    bench.advance()
    before = {layer: bench.lake.state(layer, "things") for layer in silver.LAYERS}
    bench.commit([BAD, Version(3, "green", 1, 2)])

    with pytest.raises(Broken, match=r"table things: 2 of 2 rows are rejected \(kind_unknown\).* silver is untouched"):
        bench.advance()

    assert {layer: bench.lake.state(layer, "things") for layer in silver.LAYERS} == before
    bench.commit([Version(1, "red", 5, 3)])
    assert bench.advance().rejected == {"kind_unknown": 1}, "half of them is no more than the share"


def test_our_own_change_of_the_curation_code_makes_silver_be_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.of(tmp_path)
    bench.commit([GOOD])
    bench.advance()
    assert not bench.behind(curation(THINGS))
    edited = tmp_path / "curation.py"
    edited.write_text("# another rule\n")
    monkeypatch.setattr(silver.curation, "__file__", str(edited))
    assert bench.behind(curation(THINGS))


@pytest.mark.parametrize("layer", ["history", "silver"])
def test_new_rules_that_were_killed_half_way_and_taken_back_leave_nothing_in_any_layer(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.of(tmp_path)
    bench.commit([BAD, GOOD, Version(3, "red", 50, 1)])
    bench.advance()
    before = {each: bench.rows(each) for each in silver.LAYERS}
    commit = silver.delta.commit

    def killed(lake: object, where: str, *rest: object) -> object:
        if where == layer:
            raise KeyboardInterrupt
        return commit(lake, where, *rest)

    monkeypatch.setattr(silver.delta, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.advance(spec=curation(replace(THINGS, checks=(between("size", 0, 10),)), "2"))
    monkeypatch.undo()
    assert bench.rows("quarantine") != before["quarantine"]

    assert bench.behind(curation(THINGS)), "though silver itself stands where it stood"
    bench.advance()
    assert {each: bench.rows(each) for each in silver.LAYERS} == before
    assert not bench.behind(curation(THINGS))


@pytest.mark.long
def test_silver_history_and_quarantine_are_those_of_the_plain_reference(tmp_path: Path) -> None:
    bench, commits = Bench.of(tmp_path), [
        [BAD, GOOD, Version(3, "blue", 3, 5), Version(4, "red", 1, 1)],
        [WORSE, Version(2, "red", 7, 1, deleted=True), Version(4, "red", -1, 3)],
        [Version(2, "blue", 9, 0), Version(3, "blue", 4, 2), Version(4, "red", -1, 3, deleted=True)],
        [Version(1, "green", -5, 2, deleted=True), Version(4, "red", 2, 9)],
    ]  # fmt: skip
    for commit in commits:
        bench.commit(commit)
    bench.advance(2)
    bench.advance()
    for layer in ("silver", "history", "quarantine"):
        assert as_dicts(bench.rows(layer)) == naive(getattr(reference, layer)(commits)), layer
