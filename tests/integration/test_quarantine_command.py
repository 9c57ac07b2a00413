"""`lakehouse quarantine retry` as it is typed."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import transforms
from cli.main import app
from lakehouse.checks import between
from lakehouse.contracts import Catalog, Curation
from tests.support.bronze import THINGS, Bench, Version, curation


@pytest.mark.long
def test_retry_tells_what_came_out_by_changed_rules_and_that_nothing_does_by_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.of(tmp_path / "lake")
    for name, value in {"LAKE": bench.lake.root, "SOURCE__HOST": "h", "SOURCE__USER": "u", "SOURCE__PASSWORD": "p",
                        "SOURCE__DATABASE": "d"}.items():  # fmt: skip
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)

    def said(spec: Curation) -> tuple[int, str]:
        monkeypatch.setattr(transforms, "catalog", lambda: Catalog({"things": spec}))
        done = CliRunner().invoke(app, ["quarantine", "retry", "things"])
        return done.exit_code, done.output

    assert said(curation(THINGS)) == (1, "error: table things is not in the lake yet; `lakehouse run` loads it\n")
    bench.commit([Version(1, "green", 5, 1), Version(2, "red", 150, 1), Version(3, "red", 50, 1)])
    bench.advance()

    same = said(curation(THINGS))
    relaxed = said(curation(replace(THINGS, checks=(between("size", 0, 200),)), "2"))

    assert same[0] == 0 and "the rules are those that its rows were judged by, so none comes out" in same[1]
    assert relaxed == (0, "things: 3 judged again, 2 in silver, 1 kept out\nkept out by: kind_unknown 1\n")
