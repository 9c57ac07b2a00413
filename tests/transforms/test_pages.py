"""The documentation is what the files and Spark say, to the last sample row and source column."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from cli.main import app
from cli.samples import samples as samples_of
from lakehouse.contracts import Catalog, Terminal
from transforms import catalog

COMMITTED = Path(__file__).parents[2] / "docs" / "catalog"


def test_the_committed_pages_are_what_the_command_writes(spark: SparkSession, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["docs", "--out", str(tmp_path), "--samples", str(COMMITTED / "samples")])

    assert done.exit_code == 0, done.output
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.md")}
    assert written == {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*.md")}, "run `lakehouse docs`"
    assert sorted(done.output.splitlines()) == sorted(str(tmp_path / name) for name in written)
    # lineage is by column, and goes through stay_nights: the price counts in revenue and not in occupancy
    assert "| apartments_history | id, listing_created_on, is_active | _seq, valid_from" in written["supply_monthly.md"]
    assert "total_price" in written["market_performance_monthly.md"]
    assert "total_price" not in written["occupancy_rate_monthly.md"]
    samples = {name: written[f"{name}.md"].split("## Sample rows")[1].split("\n## ")[0] for name in catalog().marts}
    assert all(text.count("\n| ") > 2 for text in samples.values())  # a head, a line, and rows


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
        samples_of(Catalog(ours.tables, {"stay_nights": ours.marts["stay_nights"]}), spark, tmp_path)
    assert str(file) in str(error.value)
