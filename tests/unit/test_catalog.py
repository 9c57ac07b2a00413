"""Tables and marts are found, put in order, and refused by name."""

import sys
from pathlib import Path

import pytest

from lakehouse.contracts import Catalog, Terminal
from transforms import catalog, discover

TABLE = """
from lakehouse.contracts import Column, Snapshot, Table
TABLE = Table("{name}", ("id",), Snapshot(), (Column("id", "BIGINT"),), history=True)
def curate(rows):
    return rows
"""
MART = """
from lakehouse.contracts import Mart
MART = Mart("{name}", ("id",), "")
def build({parameters}):
    raise AssertionError("a catalog builds nothing")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one table, `things`, that no other test has imported."""
    monkeypatch.syspath_prepend(tmp_path)
    root = tmp_path / f"market_{tmp_path.name}"
    for folder in (root, root / "silver", root / "gold"):
        folder.mkdir()
        (folder / "__init__.py").touch()
    (root / "silver" / "things.py").write_text(TABLE.format(name="things"))
    return root


def add_mart(package: Path, name: str, parameters: str) -> Path:
    file = package / "gold" / f"{name}.py"
    file.write_text(MART.format(name=name, parameters=parameters))
    return file


def found(package: Path) -> Catalog:
    for name in [name for name in sys.modules if name.split(".")[0] == package.name]:
        del sys.modules[name]
    return discover(f"{package.name}.silver", f"{package.name}.gold")


def test_a_mart_is_built_after_the_marts_it_reads(package: Path) -> None:
    add_mart(package, "a_last", "b_middle, things_history")
    add_mart(package, "b_middle", "c_first")
    add_mart(package, "c_first", "things")
    assert list(found(package).marts) == ["c_first", "b_middle", "a_last"]


def test_inputs_are_the_parameters_without_the_day_and_the_options(package: Path) -> None:
    add_mart(package, "m", "things, things_history, as_of, rows=10")
    assert found(package).marts["m"].inputs == ("things", "things_history")


def test_unknown_input_is_refused_by_file_and_name(package: Path) -> None:
    file = add_mart(package, "m", "thingz")
    with pytest.raises(Terminal, match="thingz") as error:
        found(package)
    assert str(file) in str(error.value)


def test_circle_of_marts_is_refused_by_file_and_name(package: Path) -> None:
    files = [add_mart(package, "hen", "egg"), add_mart(package, "egg", "hen")]
    with pytest.raises(Terminal, match=r"hen -> egg -> hen|egg -> hen -> egg") as error:
        found(package)
    assert str(error.value).startswith(tuple(f"{file}: these marts need each other: " for file in files))


def test_mart_that_reads_itself_is_refused(package: Path) -> None:
    add_mart(package, "egg", "things, egg")
    with pytest.raises(Terminal, match="egg -> egg"):
        found(package)


UNKNOWN_REACHES = {
    "input": ("touched_by_thingz(changed)", "touched_by_thingz speaks of thingz"),
    "parameter": ("touched_by_things(changed, orders)", "touched_by_things speaks of orders"),
}


@pytest.mark.parametrize("bad", UNKNOWN_REACHES)
def test_reach_that_speaks_of_what_the_mart_does_not_read_is_refused_by_file_and_name(package: Path, bad: str) -> None:
    head, told = UNKNOWN_REACHES[bad]
    file = add_mart(package, "m", "things")
    file.write_text(file.read_text() + f"def {head}:\n    return changed\n")
    with pytest.raises(Terminal) as error:
        found(package)
    assert str(error.value) == f"{file}: {told}, which build() does not read"


def test_reaches_of_inputs_and_of_the_day_are_found(package: Path) -> None:
    file = add_mart(package, "m", "things, as_of")
    for head in ("touched_by_things(changed, things, as_of)", "touched_by_as_of(things, was, as_of)"):
        file.write_text(file.read_text() + f"def {head}:\n    return things\n")
    assert set(found(package).marts["m"].reaches) == {"things", "as_of"}


BAD_PERIODS = {
    "missing": ("", "its period day is no DATE column of it"),
    "text": ('MartColumn("day", "STRING", ""),', "its period day is no DATE column of it"),
}


@pytest.mark.parametrize("bad", BAD_PERIODS)
def test_period_that_is_no_date_of_the_mart_is_refused_by_file_and_name(package: Path, bad: str) -> None:
    columns, told = BAD_PERIODS[bad]
    file = add_mart(package, "m", "things")
    declared = f'"", period="day", columns=({columns})'
    file.write_text(file.read_text().replace('""', declared, 1).replace("import Mart", "import Mart, MartColumn"))
    with pytest.raises(Terminal) as error:
        found(package)
    assert str(error.value) == f"{file}: mart m: {told}"


def test_module_without_declaration_is_refused_by_file(package: Path) -> None:
    file = package / "gold" / "empty.py"
    file.touch()
    with pytest.raises(Terminal, match="MART") as error:
        found(package)
    assert str(file) in str(error.value)


def test_name_declared_twice_is_refused(package: Path) -> None:
    (package / "gold" / "m.py").write_text(MART.format(name="things", parameters=""))
    with pytest.raises(Terminal, match="things is already declared"):
        found(package)


BAD_TABLES = {
    "no_key": ('("id",)', "()", "table things: declare a key"),
    "missing_column": ("history=True", "checks=(not_null('ID2'),)", "check ID2_not_null: there is no column ID2"),
    "share": ("history=True", "checks=(unique('id', tolerated=2),)", "check id_unique: tolerated 2 is a share"),
    "twice": ("history=True", "checks=(not_null('id'), not_null('id'))", "two checks are named id_not_null"),
    "orphans_kept_out": (
        "history=True",
        "checks=(references('id', 'boxes', 'id', 'quarantine'),)",
        "check id_known: severity quarantine is none of a rule about the whole table; choose warn or fail",
    ),
    "no_parent": (
        "history=True",
        "checks=(references('id', 'nobody', 'id'),)",
        "id_known of things: there is no table",
    ),
    "other_key": ("history=True", "checks=(references('id', 'things', 'no'),)", "things has the key ('id',)"),
}


@pytest.mark.parametrize("bad", BAD_TABLES)
def test_a_bad_declaration_is_refused_when_its_module_is_imported_by_file_and_name(package: Path, bad: str) -> None:
    old, new, told = BAD_TABLES[bad]
    file = package / "silver" / "things.py"
    rules = "from lakehouse.checks import not_null, references, unique"
    file.write_text(rules + TABLE.format(name="things").replace(old, new))
    with pytest.raises(Terminal) as error:
        found(package)
    assert str(error.value).startswith(f"{file}: ")
    assert told in str(error.value)


def test_fingerprint_changes_with_the_module_and_with_what_it_shares(package: Path) -> None:
    add_mart(package, "m", "things")
    add_mart(package, "n", "things")
    before = found(package).marts
    add_mart(package, "m", "things_history")
    edited = found(package).marts
    (package / "money.py").write_text("CENTS = 100\n")
    shared = found(package).marts
    assert edited["m"].fingerprint != before["m"].fingerprint
    assert edited["n"].fingerprint == before["n"].fingerprint
    assert shared["n"].fingerprint != before["n"].fingerprint


def test_the_marketplace_has_five_tables_and_stay_nights_before_occupancy() -> None:
    ours = catalog()
    order = list(ours.marts)
    assert set(ours.tables) == {
        "apartments",
        "apartment_attributes",
        "user_viewing",
        "bookings",
        "exchange_rates",
    }
    assert order.index("stay_nights") < order.index("occupancy_rate_monthly")
    assert ours.sources_of("occupancy_rate_monthly") == {
        "apartments",
        "apartment_attributes",
        "bookings",
        "exchange_rates",
    }
