"""What upkeep does to a table of the lake, on a disk and on S3, and what it leaves; without Spark."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse import upkeep, upkeep_log
from lakehouse.contracts import Catalog, Mart, Recipe, Terminal
from lakehouse.lake import Lake, Layer, State, to_json
from lakehouse.purge import purge
from lakehouse.upkeep import Upkeep
from lakehouse.upkeep_log import UpkeepRecord
from tests.support.aged import age
from tests.support.bronze import THINGS, curation

CATALOG = Catalog({"things": curation(THINGS)}, {})
READER = Recipe(Mart("reader", ("n",), ""), lambda things: things, ("things",), "1")
ANN = "ann@example.org"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def commit(lake: Lake, layer: Layer, name: str, rows: pa.Table, mode: str = "append", **said: object) -> State:
    """A commit of ours, with its state, as Spark would make it."""
    before = lake.state(layer, name)
    seq = before.seq + 1 if before else 1
    state = State(f"{layer}/{name}", seq, f"r{seq}", "build", **said)
    stamp = CommitProperties(custom_metadata={"userMetadata": to_json(state)})
    options = lake.storage_options()
    write_deltalake(lake.path(layer, name), rows, mode=mode, commit_properties=stamp, storage_options=options)
    return lake.state(layer, name)


def some(*numbers: int) -> pa.Table:
    return pa.table({"n": pa.array(numbers, pa.int64()), "who": [f"w{n}" for n in numbers]})


def tend(lake: Lake, catalog: Catalog = CATALOG, **asked: object) -> dict[tuple[str, str], UpkeepRecord]:
    return {(r.layer, r.table): r for r in Upkeep.of(lake, **asked).tend(catalog)}


def numbers(lake: Lake, layer: Layer, name: str, state: State | None = None) -> list[int]:
    """The rows of a table, as of a commit or now."""
    table = lake.open(layer, name, None if state is None else state.snapshot)
    return sorted(table.to_pyarrow_table(columns=["n"]).column("n").to_pylist())


def files(lake: Lake, layer: Layer, name: str) -> set[str]:
    """The data files that a table has on its disk."""
    store = fs.PyFileSystem(DeltaStorageHandler(lake.path(layer, name), lake.storage_options()))
    found = store.get_file_info(fs.FileSelector("", recursive=True))
    return {f.path for f in found if f.path.endswith(".parquet") and not f.path.startswith("_delta_log")}


def loaded(lake: Lake, commits: int = 4) -> None:
    """Bronze of some commits, all of which silver has consumed."""
    for number in range(commits):
        commit(lake, "bronze", "things", some(number, number + 100))
    commit(lake, "silver", "things", some(*range(commits)), inputs={"bronze": commits})


def test_small_files_become_one_and_rows_states_and_sequences_stay(lake_anywhere: Lake) -> None:
    loaded(lake_anywhere)
    before = lake_anywhere.state("bronze", "things"), numbers(lake_anywhere, "bronze", "things")

    record = tend(lake_anywhere)["bronze", "things"]

    assert (record.files_before, record.files_after, record.note, record.error) == (4, 1, "", "")
    after = lake_anywhere.state("bronze", "things")
    assert replace(after, snapshot=before[0].snapshot) == before[0] and after.snapshot == before[0].version + 1
    assert numbers(lake_anywhere, "bronze", "things") == numbers(lake_anywhere, "bronze", "things", after) == before[1]
    assert commit(lake_anywhere, "bronze", "things", some(7)).seq == 5


def test_a_second_upkeep_writes_nothing(lake_anywhere: Lake) -> None:
    loaded(lake_anywhere)
    tend(lake_anywhere)
    before = {layer: lake_anywhere.open(layer, "things").version() for layer in ("bronze", "silver")}

    again = tend(lake_anywhere)

    assert {layer: lake_anywhere.open(layer, "things").version() for layer in before} == before
    assert all((r.files_before, r.removed) == (r.files_after, 0) for r in again.values())


def test_what_upkeep_did_is_in_the_ledger_whose_own_small_files_it_puts_together(lake: Lake) -> None:
    loaded(lake)
    found = tend(lake)
    for _ in range(2):
        tend(lake)

    assert [(r.layer, r.table, r.files_after) for r in upkeep_log.records(lake)][: len(found)] == [
        (r.layer, r.table, r.files_after) for r in found.values()
    ]
    assert tend(lake)["ledger", "upkeep"].files_after == 1


def test_old_versions_go_after_the_days_that_they_are_kept_and_not_before(lake: Lake) -> None:
    commit(lake, "bronze", "things", some(1), "overwrite")
    commit(lake, "bronze", "things", some(2), "overwrite")
    age(lake.path("bronze", "things"), 6)
    commit(lake, "bronze", "things", some(3), "overwrite")

    assert tend(lake)["bronze", "things"].removed == 0

    age(lake.path("bronze", "things"), 2)
    record = tend(lake)["bronze", "things"]
    assert record.removed == 1 and record.freed > 500, "the one that was current eight days ago stays for a day yet"
    age(lake.path("bronze", "things"), 6)
    assert tend(lake)["bronze", "things"].removed == 1
    assert len(files(lake, "bronze", "things")) == 1 and numbers(lake, "bronze", "things") == [3]
    assert tend(lake, keep_days=30)["bronze", "things"].removed == 0


def test_a_quiet_table_is_read_after_its_files_of_before_the_upkeep_are_gone(lake: Lake) -> None:
    """Its newest commit of ours is older than the compaction, and nothing else has been committed for weeks."""
    loaded(lake)
    tend(lake)
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 40)

    assert tend(lake)["bronze", "things"].removed == 4

    state = lake.state("bronze", "things")
    assert state.seq == 4 and numbers(lake, "bronze", "things", state) == [0, 1, 2, 3, 100, 101, 102, 103]
    assert len(files(lake, "bronze", "things")) == 1
    with pytest.raises(Exception, match=r"(?i)no such file|not found"):
        numbers(lake, "bronze", "things", replace(state, snapshot=state.version))


def test_what_somebody_has_yet_to_read_on_from_stays_however_old_it_is(lake: Lake) -> None:
    for number in range(4):
        commit(lake, "bronze", "things", some(number), "overwrite")
    commit(lake, "silver", "things", some(2), inputs={"bronze": 2})
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 40)

    record = tend(lake)["bronze", "things"]

    assert (record.removed, record.why) == (0, "silver things reads on from commit 2")
    assert numbers(lake, "bronze", "things", lake.state("bronze", "things", 2)) == [1]


def test_without_a_look_at_who_reads_it_what_is_needed_would_go(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    test_what_somebody_has_yet_to_read_on_from_stays_however_old_it_is(lake)
    monkeypatch.setattr(upkeep, "holds", lambda *_: {})

    assert tend(lake)["bronze", "things"].removed == 3

    with pytest.raises(Exception, match=r"(?i)no such file|not found"):
        numbers(lake, "bronze", "things", lake.state("bronze", "things", 2))


def test_a_mart_that_has_not_been_built_for_weeks_holds_what_it_consumed_last(lake: Lake) -> None:
    for number in range(4):
        commit(lake, "silver", "things", some(number), "overwrite", inputs={"bronze": 1})
        if number == 1:
            age(lake.path("silver", "things"), 20)
    commit(lake, "gold", "reader", some(1), inputs={"things": 2})
    for layer, name in (("silver", "things"), ("gold", "reader")):
        age(lake.path(layer, name), 20)

    record = tend(lake, Catalog(CATALOG.tables, {"reader": READER}))["silver", "things"]

    assert record.why == "mart reader reads on from commit 2"
    assert numbers(lake, "silver", "things", lake.state("silver", "things", 2)) == [1]


def _forgotten(lake: Lake) -> Catalog:
    """A silver commit that a mart reads on from, and a checkpoint that tells no more of the files removed since."""
    for number, mode in enumerate(["append", "append", "overwrite"]):
        commit(lake, "silver", "things", some(number), mode, inputs={"bronze": 1})
        age(lake.path("silver", "things"), 10)
    commit(lake, "silver", "things", some(9), inputs={"bronze": 1})
    commit(lake, "gold", "reader", some(1), inputs={"things": 2})
    lake.open("silver", "things").create_checkpoint()
    return Catalog(CATALOG.tables, {"reader": READER})


def test_a_file_stays_though_no_checkpoint_tells_any_more_that_it_was_removed(lake: Lake) -> None:
    catalog = _forgotten(lake)

    tend(lake, catalog)

    assert numbers(lake, "silver", "things", lake.state("silver", "things", 2)) == [0, 1]


def test_by_its_age_alone_such_a_file_would_go(lake: Lake) -> None:
    """The negative control: hours that reach back before the commit do not keep what it shows."""
    _forgotten(lake)

    lake.open("silver", "things").vacuum(24 * 25, dry_run=False, full=True)

    with pytest.raises(Exception, match=r"(?i)no such file|not found"):
        numbers(lake, "silver", "things", lake.state("silver", "things", 2))


def test_what_a_run_writes_now_stays_and_what_a_dead_one_left_goes(lake: Lake) -> None:
    loaded(lake)
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 20)
    home = Path(lake.path("bronze", "things"))
    pq.write_table(some(66), home / "left.parquet")
    age(lake.path("bronze", "things"), 20)
    pq.write_table(some(77), home / "of-a-run.parquet")

    tend(lake)

    assert "left.parquet" not in files(lake, "bronze", "things")
    assert "of-a-run.parquet" in files(lake, "bronze", "things")


@pytest.mark.parametrize("what", ["append", "overwrite"])
def test_where_a_run_commits_first_upkeep_yields_and_no_row_is_lost_or_doubled(
    what: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(lake)
    compacted, done = upkeep._compacted, []

    def late(table: DeltaTable, place: tuple[Layer, str]) -> int:
        """Upkeep has looked at the table; before it commits, a run does."""
        if place == ("bronze", "things"):
            done.append(commit(lake, "bronze", "things", some(500), what))
        return compacted(table, place)

    monkeypatch.setattr(upkeep, "_compacted", late)

    record = tend(lake)["bronze", "things"]

    assert bool(record.note) is (what == "overwrite")
    kept = [] if what == "overwrite" else [0, 1, 2, 3, 100, 101, 102, 103]
    assert numbers(lake, "bronze", "things") == [*kept, 500]
    assert lake.state("bronze", "things").seq == done[0].seq == 5


def test_a_commit_of_somebody_else_is_not_read_as_ours_whatever_upkeep_follows(lake: Lake) -> None:
    loaded(lake)
    path = lake.path("bronze", "things")
    write_deltalake(path, some(666), mode="append")
    tend(lake)
    state = lake.state("bronze", "things")

    assert state.snapshot == state.version and 666 not in numbers(lake, "bronze", "things", state)
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 40)
    record = tend(lake)["bronze", "things"]
    assert (record.removed, record.why) == (0, "silver things reads on from commit 4")
    assert numbers(lake, "bronze", "things", lake.state("bronze", "things")) == [0, 1, 2, 3, 100, 101, 102, 103]


def test_a_dry_run_tells_the_same_and_does_nothing(lake: Lake) -> None:
    loaded(lake)
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 20)
    tend(lake)
    for layer in ("bronze", "silver"):
        age(lake.path(layer, "things"), 20)
    commit(lake, "bronze", "things", some(8))
    commit(lake, "silver", "things", some(8), inputs={"bronze": 5})
    before = files(lake, "bronze", "things"), lake.open("bronze", "things").version()

    told = tend(lake, dry_run=True)["bronze", "things"]

    assert (files(lake, "bronze", "things"), lake.open("bronze", "things").version()) == before
    done = tend(lake)["bronze", "things"]
    assert (told.files_before, told.files_after, told.removed, told.freed) == (
        done.files_before, done.files_after, done.removed, done.freed
    )  # fmt: skip
    assert done.removed == 4 and (done.files_before, done.files_after) == (2, 1)


def test_a_mart_keeps_the_files_of_neighbouring_periods_and_loses_its_crumbs(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "ROWS_PER_FILE", 1000)
    for first in range(0, 4000, 1000):
        commit(lake, "gold", "reader", some(*range(first, first + 1000)))
    for number in range(4000, 4006):
        commit(lake, "gold", "reader", some(number))
    catalog = Catalog(CATALOG.tables, {"reader": READER})

    record = tend(lake, catalog)["gold", "reader"]

    assert record.files_before == 10 and 4 <= record.files_after <= 6
    assert numbers(lake, "gold", "reader") == [*range(4006)]


def test_a_mart_of_the_ledger_is_not_made_stale_by_upkeep(lake: Lake) -> None:
    path = lake.path("ledger", "checks")
    for number in range(3):
        write_deltalake(path, some(number), mode="append")
    before = lake.log_state("checks")

    tend(lake)

    after = lake.log_state("checks")
    assert (after.seq, after.version) == (before.seq, before.version) == (3, 2)
    assert after.snapshot == 3 and len(lake.open("ledger", "checks").file_uris()) == 1
    write_deltalake(path, some(7), mode="append")
    assert lake.log_state("checks").seq > before.seq


def test_one_table_that_cannot_be_tended_does_not_stop_the_others(lake: Lake) -> None:
    loaded(lake)
    lost = next(iter(files(lake, "silver", "things")))
    commit(lake, "silver", "things", some(7), inputs={"bronze": 4})
    (Path(lake.path("silver", "things")) / lost).unlink()

    found = tend(lake)

    assert found["silver", "things"].error and found["bronze", "things"].files_after == 1
    assert [r.table for r in upkeep_log.records(lake) if r.error] == ["things"]


@pytest.mark.parametrize(
    ("asked", "only", "said"),
    [({"keep_days": 6}, (), "7 days or more, not 6"), ({}, ("thing",), "there is no table thing; there are things")],
)
def test_what_does_not_fit_is_refused_before_anything_is_done(
    asked: dict, only: tuple[str, ...], said: str, lake: Lake
) -> None:
    loaded(lake)
    with pytest.raises(Terminal, match=said):
        list(Upkeep.of(lake, **asked).tend(CATALOG, only))
    assert upkeep_log.records(lake) == []


def with_ann(lake: Lake) -> list[str]:
    """The files of bronze, log entries too, that tell of her."""
    store = fs.PyFileSystem(DeltaStorageHandler(lake.path("bronze", "things"), lake.storage_options()))
    found = [f.path for f in store.get_file_info(fs.FileSelector("", recursive=True)) if f.type == fs.FileType.File]
    return [path for path in found if ANN.encode() in store.open_input_file(path).read()]


@pytest.mark.parametrize("between", [lambda lake: None, tend], ids=["one upkeep", "one before and one after"])
def test_a_purge_behind_an_upkeep_leaves_nothing_of_before(
    lake_anywhere: Lake, between: Callable[[Lake], object]
) -> None:
    canary = pa.table({"n": [1], "who": [ANN]})
    commit(lake_anywhere, "bronze", "things", canary)
    commit(lake_anywhere, "bronze", "things", some(2))
    tend(lake_anywhere)
    commit(lake_anywhere, "bronze", "things", some(1, 2), "overwrite")
    commit(lake_anywhere, "bronze", "things", some(3))
    between(lake_anywhere)

    assert with_ann(lake_anywhere)

    purged = purge(lake_anywhere, "bronze", "things")

    assert purged.unclaimed == 0 and purged.entries >= 4
    assert with_ann(lake_anywhere) == []
    state = lake_anywhere.state("bronze", "things")
    assert state.seq == 4 and numbers(lake_anywhere, "bronze", "things", state) == [1, 2, 3]
    assert tend(lake_anywhere)["bronze", "things"].error == ""


def test_upkeep_may_take_days_longer_than_a_week_to_come_round(lake: Lake) -> None:
    """States are found behind any number of commits that upkeep made."""
    loaded(lake)
    for number in range(9):
        for layer in ("bronze", "silver"):
            age(lake.path(layer, "things"), 9)
        pq.write_table(some(number), Path(lake.path("bronze", "things")) / f"left{number}.parquet")
        tend(lake)

    assert lake.open("bronze", "things").version() > 15
    assert lake.state("bronze", "things").seq == 4 and lake.commits("bronze", "things", 1, 4)[0].seq == 1
