"""Tables of no row, of a thousand times as many as yesterday, and of large values (F20)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.contracts import Column, Snapshot, Table, Terminal
from lakehouse.settings import SourceSettings
from lakehouse.source import reader
from tests.support.lab import Lab

pytestmark = pytest.mark.long
Open = Callable[..., Lab]
LARGE = Table("large", ("id",), Snapshot(), (Column("id", "INT"), Column("body", "LONGBLOB")))
LARGE_DDL = "CREATE TABLE large (id INT PRIMARY KEY, body LONGBLOB)"
VALUES, MEGABYTES = 200, 4


@pytest.mark.fault("F20")
def test_an_empty_table_is_loaded_and_then_grows_a_thousand_times(opened: Open) -> None:
    world = opened()
    world.run()
    assert world.state is not None
    assert world.state.usable
    assert world.holds_the_source()
    world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_1_to_100")
    world.run()
    world.sql("INSERT INTO thing (id, value) SELECT seq, seq FROM seq_101_to_100000")
    world = world.with_settings(source=world.settings.source.model_copy(update={"reader_memory_mb": 300}))
    world.run()

    assert world.holds_the_source()


def large(world: Lab) -> SourceSettings:
    """More in values than the reader may have in memory."""
    world.sql(f"INSERT INTO large SELECT seq, REPEAT('x', {MEGABYTES << 20}) FROM seq_1_to_{VALUES}")
    world.sql("ANALYZE TABLE large")
    return world.settings.source.model_copy(update={"reader_memory_mb": 600})


@pytest.mark.fault("F20")
def test_large_values_pass_in_batches_through_less_memory_than_they_have(opened: Open, tmp_path: Path) -> None:
    source = large(opened(LARGE, LARGE_DDL))

    assert reader.stage(source, LARGE, "TRUE", str(tmp_path / "staged"), "FALSE").rows == VALUES


@pytest.mark.fault("F20", control=True)
def test_without_batches_by_size_the_same_values_need_more_memory_than_there_is(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BATCH_ROWS", (50_000, 50_000))
    source = large(opened(LARGE, LARGE_DDL))

    with pytest.raises(Terminal, match="needs more than 600 MB"):
        reader.stage(source, LARGE, "TRUE", str(tmp_path / "staged"), "FALSE")
