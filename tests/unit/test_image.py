"""What is looked at in an image is told by name, with what to do."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cli import image
from lakehouse import session
from lakehouse.contracts import Terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def needs(tmp_path: Path) -> Mapping[str, Callable[[], object]]:
    return image.needs(tmp_path)


def test_a_missing_jar_and_a_missing_archive_are_told(needs: Mapping[str, Callable[[], object]]) -> None:
    with pytest.raises(Terminal, match=r"missing in .*delta-spark"):
        needs["jars"]()
    with pytest.raises(Terminal, match=r"there is no .*lakehouse.jsa; `python -m deployments.image.archive"):
        needs["class archive"]()


def test_an_archive_that_is_there_is_used_and_told(tmp_path: Path, needs: Mapping[str, Callable[[], object]]) -> None:
    assert session._kept_classes(tmp_path) == ""
    session.archive(tmp_path).write_bytes(b"x")

    assert session._kept_classes(tmp_path) == f"-XX:SharedArchiveFile={tmp_path}/lakehouse.jsa"
    assert needs["class archive"]() == "0 MiB"


def test_what_cannot_be_imported_is_named(
    needs: Mapping[str, Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "IMPORTS", ("json", "pruned_away"))

    with pytest.raises(Terminal, match="pruned_away cannot be imported"):
        needs["imports"]()


def test_root_and_code_that_can_be_written_are_refused(
    needs: Mapping[str, Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    with pytest.raises(Terminal, match="this is root; the image must name an ordinary user"):
        needs["user"]()
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert needs["user"]() == "1000"
    with pytest.raises(Terminal, match="can be written by this user; its owner must be root"):
        needs["code"]()


def test_a_disk_without_a_temporary_folder_is_told(
    needs: Mapping[str, Callable[[], object]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert needs["temporary folder"]()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(Terminal, match="no temporary folder can be written"):
        needs["temporary folder"]()


def test_the_image_is_of_two_stages_and_its_own_user_without_build_tools() -> None:
    build, final = (ROOT / "Dockerfile").read_text().split("\nFROM debian:bookworm-slim\n")
    assert "uv sync --frozen" in build
    assert "USER 1000:1000\nRUN lakehouse check --image" in final
    assert "VOLUME /tmp" in final
    assert not any(tool in final for tool in ("uv ", "gcc", "pip", "python3-venv"))
    assert "org.opencontainers.image.revision" in final
