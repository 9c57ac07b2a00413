"""The page of faults is what the tests say, and the tests say only what can be."""

from tests.support.fault_matrix import SECTIONS
from tests.support.fault_table import NOTHING, PAGE, REPOSITORY, page, proofs

FOUND = proofs(REPOSITORY / "tests")
FAULTS = [fault.id for faults in SECTIONS.values() for fault in faults]
OURS = [*range(1, 21), *range(37, 42), 49, 51]


def test_the_page_of_faults_is_made_from_the_tests() -> None:
    assert PAGE.read_text() == page(FOUND), "run `python -m tests.support.fault_table`"


def test_every_fault_is_in_the_table_once_and_no_test_names_another() -> None:
    assert [f"F{number:02}" for number in range(1, 59)] == FAULTS
    assert {fault for proof in FOUND for fault in proof.faults} <= set(FAULTS)


def test_every_fault_of_the_extraction_has_a_test_and_a_control() -> None:
    missing = [
        (f"F{number:02}", "control" if is_control else "test")
        for number in OURS
        for is_control in (False, True)
        if not any(f"F{number:02}" in p.faults and p.is_control is is_control for p in FOUND)
    ]

    assert missing == []


def test_no_mark_is_overlooked_and_a_fault_without_a_test_says_so() -> None:
    files = (REPOSITORY / "tests").rglob("*.py")
    written = sum(line.startswith("@pytest.mark.fault(") for file in files for line in file.read_text().splitlines())

    assert len(FOUND) == written
    assert page([]).count(NOTHING) == len(FAULTS)
