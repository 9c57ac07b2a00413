"""The page of faults is what the tests say, and the tests say only what can be."""

import ast
from pathlib import Path

from tests.support.fault_matrix import SECTIONS
from tests.support.fault_table import NOTHING, PAGE, REPOSITORY, page, proofs

FOUND = proofs(REPOSITORY / "tests")
FAULTS = [fault.id for faults in SECTIONS.values() for fault in faults]


def test_the_page_of_faults_is_made_from_the_tests() -> None:
    assert PAGE.read_text() == page(FOUND), "run `python -m tests.support.fault_table`"


def test_every_fault_is_in_the_table_once_and_no_test_names_another() -> None:
    assert [f"F{number:02}" for number in range(1, 59)] == FAULTS
    assert {fault for proof in FOUND for fault in proof.faults} <= set(FAULTS)


def test_no_mark_is_overlooked_and_a_fault_without_a_test_says_so(tmp_path: Path) -> None:
    written = sum(
        text.count('@pytest.mark.fault("') for file in (REPOSITORY / "tests").rglob("test_*.py")
        if file != Path(__file__) and (text := file.read_text()) and ast.parse(text)
    )  # fmt: skip

    assert len(FOUND) == written
    assert page([]).count(NOTHING) == len(FAULTS)
