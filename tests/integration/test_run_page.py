"""What the page of a run tells beside its tables."""

from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from lakehouse.contracts import Catalog, Recipe
from lakehouse.lake import Lake, State, to_json
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.source.horizon import Horizon
from tasks import artifacts
from tests.support.gold import checksum
from tests.support.gold_lake import mart


def test_lineage_names_the_very_commit_of_each_table_that_a_mart_was_made_of(tmp_path: Path) -> None:
    lake, rows = Lake(str(tmp_path / "lake")), [{"day": date(2024, 1, 1), "order": 1, "note": "x"}]
    made = State(
        "gold/nights", 1, "run", "build", inputs={"rates": 2, "bookings": 7}, as_of="2024-01-31",
        checksum=checksum(rows),
    )  # fmt: skip
    said = CommitProperties(custom_metadata={"userMetadata": to_json(made)})
    write_deltalake(lake.path("gold", "nights"), pa.Table.from_pylist(rows), commit_properties=said)
    catalog = Catalog(marts={name: Recipe(mart(name), lambda: None, (), "1") for name in ("nights", "guests")})
    run = Run("r", Settings(lake=lake.root), catalog, "incremental", Horizon(0, 0, "none"), date(2024, 1, 31))

    assert artifacts.lineage(run).splitlines()[2:] == ["| nights | 1 | 2024-01-31 | bookings #7, rates #2 |"]
