"""One table's failure leaves the others whole, and keeps only the marts that need it from being rebuilt."""

import pytest

import transforms
from demo.marketplace.generate import generate
from lakehouse import ledger
from lakehouse.lake import Lake
from tests.integration.test_bad_input import Shell, shell  # noqa: F401

FAILURES = {
    "a_column_is_missing": (
        "apartment_attributes",
        "ALTER TABLE apartment_attributes DROP COLUMN category",
        "apartment_attributes: column apartment_attributes.category is missing",
    ),
    "every_row_breaks_a_rule": (
        "bookings",
        "UPDATE bookings SET booking_status = 'lost'",
        "more than the declared share 0.5; silver is untouched",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.fault("F36")
def test_one_table_that_fails_stops_only_the_marts_that_need_it(shell: Shell, failure: str) -> None:  # noqa: F811
    table, change, told = FAILURES[failure]
    with shell.admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {shell.admin.database}")
    generate(shell.admin, 0.02)
    with shell.admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute(change)
        connection.commit()

    done = shell.say("run", within=900)

    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert told in errors[0]
    lake, catalog = Lake(str(shell.folder / "lake")), transforms.catalog()
    report = ledger.newest(lake)
    assert report is not None
    assert {t.name for t in report.tables if not t.balanced} == {table}
    assert lake.state("silver", table) is None
    marts = {name for name, recipe in catalog.marts.items() if recipe.mart.layer == "presentation"}
    wanted = {name: "kept" if table in catalog.sources_of(name) else "rebuilt" for name in marts}
    assert {m.name: m.status for m in report.marts} == wanted
    assert {"kept", "rebuilt"} == set(wanted.values())
