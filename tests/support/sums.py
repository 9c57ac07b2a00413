"""What a lake holds as one checksum per table: of the live rows, in the columns that somebody declared."""

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import arrow_checksum
from lakehouse.checksum import Checksum
from lakehouse.contracts import Catalog
from lakehouse.lake import Lake
from lakehouse.pins import layer_of


def silver(lake: Lake, catalog: Catalog) -> dict[str, Checksum]:
    """Of each curated table; when a row was seen and by which run is left out."""
    return {name: _sum(lake, name) for name in catalog.tables}


def marts(lake: Lake, catalog: Catalog) -> dict[str, Checksum]:
    """Of each mart, as its newest commit tells it."""
    states = {name: lake.state(layer_of(recipe), name) for name, recipe in catalog.marts.items()}
    return {name: state.checksum for name, state in states.items() if state is not None}


def _sum(lake: Lake, name: str) -> Checksum:
    table = lake.open("silver", name)
    assert table is not None
    data = table.to_pyarrow_dataset()
    columns = sorted(column for column in data.schema.names if not column.startswith("_"))
    rows = data.to_table(columns=columns, filter=pc.field("_deleted_at").is_null())
    numbers = [arrow_checksum.numbers(batch) for batch in rows.to_batches() if batch.num_rows]
    return arrow_checksum.checksum(pa.chunked_array(numbers, pa.int64()))
