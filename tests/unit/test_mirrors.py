"""Which warehouse mirrors the layers, by the setting."""

import pytest
from sqlalchemy import create_engine

from lakehouse import mirrors
from lakehouse.contracts import Catalog, Terminal
from lakehouse.settings import Settings

POSTGRES = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
REDSHIFT = create_engine("redshift+redshift_connector://nobody@127.0.0.1:1/none")


def test_by_itself_only_postgres_mirrors_and_only_a_lake_in_a_folder() -> None:
    assert mirrors._wanted(Settings(lake="lake"), POSTGRES)
    assert not mirrors._wanted(Settings(lake="s3://bucket/lake"), POSTGRES)
    assert not mirrors._wanted(Settings(lake="lake"), REDSHIFT)


@pytest.mark.parametrize("setting", ["auto", "none"])
def test_of_redshift_nothing_is_asked(setting: str) -> None:
    assert list(mirrors.compare(Settings(lake="lake", mirrors=setting), REDSHIFT, Catalog())) == []


def test_a_setting_that_asks_redshift_for_mirrors_is_refused() -> None:
    with pytest.raises(Terminal, match="only PostgreSQL takes mirrors; set LAKEHOUSE_MIRRORS to auto or none"):
        mirrors._wanted(Settings(lake="lake", mirrors="all"), REDSHIFT)
