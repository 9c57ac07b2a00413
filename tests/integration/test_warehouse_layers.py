"""The warehouse's tables are those of the lake: same columns, and types that hold what is there."""

from pathlib import Path

import pyarrow as pa
import pytest

from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import pipeline
from lakehouse.lake import Layer
from lakehouse.settings import PrivacySettings
from lakehouse.warehouse import declared
from lakehouse.warehouse.model import Schema
from tests.support import shop
from tests.support.people import CATALOG, DDL, ROWS

PLACES: tuple[tuple[Layer, Schema, str], ...] = (
    ("bronze", "raw_data", "{}"),
    ("silver", "curated", "{}"),
    ("history", "curated", "{}_history"),
    ("quarantine", "quarantine", "{}"),
)


def kind(found: pa.DataType) -> str:
    if pa.types.is_decimal(found):
        return f"decimal {found.precision},{found.scale}"
    if pa.types.is_timestamp(found):
        return "timestamp"
    names = {
        "int64": "bigint",
        "int32": "int",
        "int16": "smallint",
        "string": "text",
        "bool": "boolean",
        "date32[day]": "date",
    }
    return names[str(found)]


@pytest.mark.parametrize("hashed", [False, True])
def test_each_layer_of_the_lake_has_the_columns_that_the_warehouse_is_given(
    source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path, *, hashed: bool
) -> None:
    world = shop.open_shop(source_server, warehouse_server, str(tmp_path / "lake"), f"layers{int(hashed)}")
    world.sql(*DDL, *ROWS)
    privacy = PrivacySettings(key="canary-key-of-the-hashes", hash_identifiers=hashed)
    run = pipeline.start(world.settings.model_copy(update={"privacy": privacy}), CATALOG)
    for name in CATALOG.tables:
        pipeline.ingest(run, name)
    wanted = {r.where: r for r in declared.relations(CATALOG)}

    for layer, schema, form in PLACES:
        for name, spec in CATALOG.tables.items():
            if layer == "history" and not spec.table.history:
                continue
            table = run.lake.open(layer, name)
            assert table is not None
            there = {f.name: kind(f.type) for f in table.to_pyarrow_dataset().schema}
            given = {c.name: c.type for c in wanted[f"{schema}.{form.format(name)}"].columns}
            assert list(there) == list(given), (layer, name)
            for column, type_ in given.items():
                told = f"decimal {type_.precision},{type_.scale}" if type_.kind == "decimal" else type_.kind
                assert there[column] == told or (there[column], told) == ("int", "bigint"), (layer, name, column)
    world.engine.dispose()
