"""The documentation is what the files and Spark say, to the last sample row and source column."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cli.pages import pages
from cli.samples import samples
from lakehouse.contracts import Catalog, Terminal
from transforms import catalog

COMMITTED = Path(__file__).parents[2] / "docs" / "catalog"


def test_the_committed_pages_are_what_the_files_say(spark: SparkSession) -> None:
    ours = catalog()
    found = samples(ours, spark, COMMITTED / "samples")
    assert {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*.md")} == pages(ours, found), (
        "run `lakehouse docs`"
    )

    assert all(sample.rows for sample in found.values())
    # lineage is by column, and goes through stay_nights: its price counts in revenue and not in occupancy
    assert found["supply_monthly"].reads.keys() == {"apartment_attributes", "apartments_history"}
    assert "price" not in found["supply_monthly"].reads["apartments_history"]
    assert "price" in found["price_index_monthly"].reads["apartments_history"]
    assert "total_price" in found["market_performance_monthly"].reads["bookings"]
    assert "total_price" not in found["occupancy_rate_monthly"].reads["bookings"]


BAD = {
    "gone": (None, "there is no "),
    "unknown": ("currency,rate\n", "exchange_rates has no column rate; it has currency"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_sample_that_is_missing_or_has_an_unknown_column_is_refused_by_file(
    spark: SparkSession, tmp_path: Path, bad: str
) -> None:
    text, told = BAD[bad]
    file = tmp_path / "exchange_rates.csv"
    (tmp_path / "bookings.csv").write_text("booking_id\n")
    if text:
        file.write_text(text)
    ours = catalog()
    with pytest.raises(Terminal, match=told) as error:
        samples(Catalog(ours.tables, {"stay_nights": ours.marts["stay_nights"]}), spark, tmp_path)
    assert str(file) in str(error.value)
