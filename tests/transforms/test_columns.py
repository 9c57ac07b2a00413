"""The columns and types that readers of the marts rely on."""

from inspect import signature

import pytest

from tests.transforms.worlds import World
from transforms import catalog


@pytest.mark.parametrize("name", catalog().marts)
def test_mart_of_nothing_has_exactly_its_declared_columns_and_no_row(world: World, name: str) -> None:
    recipe = catalog().marts[name]
    built = world.build(name, "2025-01-31" if "as_of" in signature(recipe.build).parameters else None)
    found = [(field.name, field.dataType.simpleString().upper()) for field in built.schema.fields]

    assert found == [(column.name, column.type) for column in recipe.mart.columns]
    assert all(column.meaning for column in recipe.mart.columns)
    assert set(recipe.mart.grain) <= {column.name for column in recipe.mart.columns}
    assert built.collect() == []
