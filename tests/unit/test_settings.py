"""Settings say where they come from, refuse what they do not know, and hide what is secret."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from lakehouse import session, settings
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings, SparkSettings


def test_each_value_tells_whether_it_comes_from_the_environment_the_file_or_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__HOST", "db")
    Path(".env").write_text("LAKEHOUSE_SOURCE__PORT=3307\n")

    found = settings.load()

    assert (found.source.host, found.source.port) == ("db", 3307)
    names = ("LAKEHOUSE_SOURCE__HOST", "LAKEHOUSE_SOURCE__PORT", "LAKEHOUSE_SOURCE__USER")
    assert [settings.origin(name) for name in names] == ["environment", ".env", "default"]


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_misspelt_name_is_refused_with_the_name_that_was_meant(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == ".env":
        Path(".env").write_text("LAKEHOUSE_SORCE__HOST=db\n")
    else:
        monkeypatch.setenv("LAKEHOUSE_SORCE__HOST", "db")

    with pytest.raises(Terminal, match="unknown setting LAKEHOUSE_SORCE__HOST; do you mean LAKEHOUSE_SOURCE__HOST"):
        settings.load()


def test_a_value_that_does_not_fit_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__PORT", "s3cret")

    with pytest.raises(Terminal, match="LAKEHOUSE_SOURCE__PORT") as caught:
        settings.load()

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("heap", "fits"), [("511m", False), ("0g", False), ("512m", True), ("1g", True)])
def test_a_heap_that_spark_does_not_start_with_is_refused(
    heap: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_SPARK__DRIVER_MEMORY", heap)

    refused = pytest.raises(Terminal, match=r"^setting LAKEHOUSE_SPARK__DRIVER_MEMORY: .*with less than 512m$")

    with nullcontext() if fits else refused:
        assert settings.load().spark.driver_memory == heap


def test_a_password_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__PASSWORD", "s3cret")

    assert "s3cret" not in repr(settings.load()) + str(settings.load().model_dump_json())


def test_a_cluster_that_could_not_read_what_the_worker_stages_is_refused_with_the_way_out() -> None:
    cluster = Settings(spark=SparkSettings(master="spark://host:7077"))

    with pytest.raises(Terminal, match="set LAKEHOUSE_SPARK__READER=jdbc, or LAKEHOUSE_STAGING to a folder"):
        session.spark(cluster)
