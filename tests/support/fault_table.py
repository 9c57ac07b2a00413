"""`python -m tests.support.fault_table` writes docs/faults.md: which tests prove that which fault is survived.

A test says so itself: `@pytest.mark.fault("F01")`, and `control=True` where it shows that the fault strikes when
the protection is switched off.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.fault_matrix import SECTIONS, Fault

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "faults.md"
HEAD = """# Faults

What goes wrong around a pipeline, what must hold all the same, and the tests that show it. A *control* switches the
protection off and shows that the fault then strikes, so that the test beside it proves something. This page is made
from the tests by `python -m tests.support.fault_table`; a fault without a test says so. Where tests show a part of a
fault, their names say which."""
COLUMNS = "| | what happens | what must hold | shown by | control |\n|---|---|---|---|---|"
NOTHING = "**not tested**"


class Proof(NamedTuple):
    """A test and the faults that it says it proves."""

    file: Path
    test: str
    faults: tuple[str, ...]
    is_control: bool


def proofs(folder: Path) -> list[Proof]:
    """Every mark of every test below a folder, in the order of files and lines."""
    return [proof for file in sorted(folder.rglob("*.py")) for proof in _marks(file)]


def _marks(file: Path) -> Iterator[Proof]:
    for node in ast.parse(file.read_text()).body:
        for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                faults = tuple(ast.literal_eval(argument) for argument in mark.args)
                yield Proof(file, node.name, faults, any(k.arg == "control" for k in mark.keywords))


def page(found: list[Proof]) -> str:
    """The page, in Markdown."""
    parts = [HEAD]
    for title, faults in SECTIONS.items():
        parts += [f"\n## {title}\n", COLUMNS, *(_line(fault, found) for fault in faults)]
    return "\n".join(parts) + "\n"


def _line(fault: Fault, found: list[Proof]) -> str:
    tests, controls = (
        [_link(p) for p in found if fault.id in p.faults and p.is_control is is_control] for is_control in (False, True)
    )
    return (
        f"| {fault.id} | {fault.happens} | {fault.holds} | {'<br>'.join(tests) or NOTHING} "
        f"| {'<br>'.join(controls) or ('none' if tests else '')} |"
    )


def _link(proof: Proof) -> str:
    words = proof.test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{proof.file.relative_to(REPOSITORY)})"


if __name__ == "__main__":
    PAGE.write_text(page(proofs(REPOSITORY / "tests")))
