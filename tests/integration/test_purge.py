"""What a purge takes and what it leaves, on a disk and on S3; without Spark."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from lakehouse.lake import Lake, State, to_json
from lakehouse.purge import purge

OLD, NEW = "ann@example.org", "nobody"


@pytest.fixture
def lake(lake_anywhere: Lake) -> Lake:
    return lake_anywhere


def commit(lake: Lake, seq: int, who: str, mode: str = "overwrite") -> None:
    state = CommitProperties(custom_metadata={"userMetadata": to_json(State("gold/m", seq, f"r{seq}", "build"))})
    rows = pa.table({"who": [who], "n": [seq]})
    write_deltalake(
        lake.path("gold", "m"), rows, mode=mode, commit_properties=state, storage_options=lake.storage_options()
    )


def texts(lake: Lake) -> tuple[str, list[str]]:
    """All values and log entries of the table, and the names of its files."""
    store = fs.PyFileSystem(DeltaStorageHandler(lake.path("gold", "m"), lake.storage_options()))
    found = [f for f in store.get_file_info(fs.FileSelector("", recursive=True)) if f.type == fs.FileType.File]
    said = [
        str(pq.read_table(f.path, filesystem=store).to_pylist())
        if f.path.endswith(".parquet")
        else store.open_input_file(f.path).read().decode()
        for f in found
    ]
    return "\n".join(said), [f.base_name for f in found]


def test_a_purge_leaves_the_newest_commit_and_its_state_and_nothing_of_before(lake: Lake) -> None:
    commit(lake, 1, OLD)
    commit(lake, 2, OLD)
    commit(lake, 3, NEW)
    assert OLD in texts(lake)[0]

    purged = purge(lake, "gold", "m")

    said, names = texts(lake)
    assert (purged.files, purged.entries, purged.unclaimed) == (2, 2, 0)
    assert OLD not in said and "00000000000000000000.json" not in names
    state = lake.state("gold", "m")
    assert state is not None and (state.seq, state.run_id) == (3, "r3")
    assert lake.count("gold", "m") == 1
    commit(lake, 4, NEW, "append")
    assert lake.state("gold", "m").seq == 4 and lake.count("gold", "m") == 2


def test_what_a_run_writes_now_is_left_and_counted(lake: Lake) -> None:
    commit(lake, 1, NEW)
    store = fs.PyFileSystem(DeltaStorageHandler(lake.path("gold", "m"), lake.storage_options()))
    pq.write_table(pa.table({"who": [OLD]}), "part-of-a-run.parquet", filesystem=store)
    pq.write_table(pa.table({"who": [OLD]}), "_change_data/of-a-run.parquet", filesystem=store)
    pq.write_table(pa.table({"who": pa.array([], pa.string())}), "part-without-rows.parquet", filesystem=store)

    assert purge(lake, "gold", "m").unclaimed == 2

    assert {"part-of-a-run.parquet", "of-a-run.parquet"} <= set(texts(lake)[1])
    DeltaTable(lake.path("gold", "m"), storage_options=lake.storage_options()).to_pyarrow_table()


def test_the_rows_that_a_change_feed_has_kept_go_too_and_those_of_the_newest_commit_stay(lake: Lake) -> None:
    path, options = lake.path("gold", "m"), lake.storage_options()
    commit(lake, 1, OLD)
    table = DeltaTable(path, storage_options=options)
    table.alter.set_table_properties({"delta.enableChangeDataFeed": "true"})
    for seq, who in ((2, NEW), (3, "somebody")):
        state = CommitProperties(custom_metadata={"userMetadata": to_json(State("gold/m", seq, f"r{seq}", "merge"))})
        DeltaTable(path, storage_options=options).update(new_values={"who": who}, commit_properties=state)
    assert OLD in texts(lake)[0]

    purged = purge(lake, "gold", "m")

    assert purged.unclaimed == 0
    assert OLD not in texts(lake)[0]
    images = pa.table(DeltaTable(path, storage_options=options).load_cdf(3, 3).read_all()).to_pylist()
    assert {row["who"] for row in images} == {NEW, "somebody"}


def test_after_a_purge_nothing_tells_how_a_table_came_to_be_so_that_marts_of_it_are_built_whole(lake: Lake) -> None:
    commit(lake, 1, OLD)
    commit(lake, 2, NEW)
    assert [state.seq for state in lake.commits("gold", "m", 1, 2)] == [1, 2]

    purge(lake, "gold", "m")

    assert lake.commits("gold", "m", 1, 2) == ()
    assert [state.seq for state in lake.commits("gold", "m", 2, 2)] == [2]
