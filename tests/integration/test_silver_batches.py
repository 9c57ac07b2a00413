"""Whatever the batches in which bronze is consumed: silver, history and quarantine are those of a plain reference."""

from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.test_silver import as_dicts, naive
from tests.reference import silver as reference
from tests.support.bronze import Bench, Version

KEYS = 6
VALUES = st.tuples(
    st.sampled_from(["red", " Blue ", "green", None]), st.sampled_from([-1, 0, 50, None]), st.integers(0, 3000)
)


@st.composite
def commits(draw: st.DrawFn) -> list[list[Version]]:
    """Commits of versions; a tombstone repeats the last values of a key that is there."""
    last: dict[int, Version] = {}
    made = []
    for _ in range(draw(st.integers(2, 5))):
        versions = []
        for key in draw(st.lists(st.integers(1, KEYS), min_size=1, max_size=KEYS, unique=True)):
            there = key in last and not last[key].deleted
            if there and draw(st.integers(0, 3)) == 0:
                versions.append(last[key]._replace(deleted=True))
            else:
                versions.append(Version(key, *draw(VALUES)))
            last[key] = versions[-1]
        made.append(versions)
    return made


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batches")


@pytest.mark.long
@pytest.mark.timeout(3000)
@settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(made=commits(), cuts=st.sets(st.integers(1, 4), max_size=3))
def test_consumed_in_any_batches_silver_is_what_the_plain_reference_says(
    folder: Path, made: list[list[Version]], cuts: set[int]
) -> None:
    bench = Bench.of(Path(mkdtemp(dir=folder)))
    for versions in made:
        bench.commit(versions)
    for cut in sorted(cut for cut in cuts if cut < len(made)):
        bench.advance(cut)
    bench.advance()
    for layer in ("silver", "history", "quarantine"):
        assert as_dicts(bench.rows(layer)) == naive(getattr(reference, layer)(made)), layer
    for rows in _by_key(bench).values():
        assert all(_is_followed(*pair) for pair in pairwise(rows))
        assert sum(row["is_current"] for row in rows) <= 1


def _by_key(bench: Bench) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = {}
    for row in sorted(as_dicts(bench.rows("history")), key=lambda row: row["_seq"]):
        found.setdefault(row["id"], []).append(row)
    return found


def _is_followed(one: dict, other: dict) -> bool:
    """No overlap: the next version begins when this one has ended, or later where the row was deleted between."""
    return one["valid_from"] <= one["valid_to"] <= other["valid_from"] and not one["is_current"]


@given(made=commits())
def test_the_reference_leaves_no_gap_but_a_deletion_and_no_overlap(made: list[list[Version]]) -> None:
    rows = reference.history(made)
    for key, versions in reference.by_key(made).items():
        mine = [row for row in rows if row["id"] == key]
        deleted = {seq for seq, version in versions if version.deleted}
        for one, other in pairwise(mine):
            assert one["valid_to"] <= other["valid_from"]
            gone = any(one["_seq"] < seq < other["_seq"] for seq in deleted)
            assert gone or one["valid_to"] == other["valid_from"]
