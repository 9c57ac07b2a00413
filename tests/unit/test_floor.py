"""A session that somebody else set up is refused where a commit could be lost by it, and says why."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from lakehouse import floor
from lakehouse.contracts import Terminal
from lakehouse.floor import CLASSES, S3A

EMRFS = "com.amazon.ws.emr.hadoop.fs.EmrFileSystem"


def a_session(hadoop: str = "3.4.2", lost: str = "", serves: Callable[[], str] = lambda: S3A) -> SimpleNamespace:
    """What is asked of a session's Java."""
    there = lambda name: name in CLASSES and name != lost  # noqa: E731
    system = SimpleNamespace(getFileSystemClass=lambda scheme, conf: SimpleNamespace(getName=serves))
    return SimpleNamespace(
        _jsc=SimpleNamespace(hadoopConfiguration=dict),
        _jvm=SimpleNamespace(org=SimpleNamespace(apache=SimpleNamespace(
            hadoop=SimpleNamespace(
                util=SimpleNamespace(VersionInfo=SimpleNamespace(getVersion=lambda: hadoop)),
                fs=SimpleNamespace(FileSystem=system),
            ),
            spark=SimpleNamespace(util=SimpleNamespace(Utils=SimpleNamespace(classIsLoadable=there))),
        ))),
    )  # fmt: skip


@pytest.mark.parametrize("hadoop", ["3.4.2", "3.4.2-amzn-0", "3.5.0", "4.0.0"])
def test_a_session_by_which_no_commit_can_be_lost_is_accepted(hadoop: str) -> None:
    floor.refuse_unfit(a_session(hadoop), is_s3=True)


@pytest.mark.parametrize("hadoop", ["3.3.6", "3.4.1-amzn-2", "2.10.2"])
def test_a_hadoop_without_conditional_create_is_refused(hadoop: str) -> None:
    with pytest.raises(Terminal, match=rf"^Hadoop {hadoop} cannot work"):
        floor.refuse_unfit(a_session(hadoop), is_s3=False)


@pytest.mark.parametrize(("lost", "jar"), CLASSES.items())
def test_a_missing_jar_is_named(lost: str, jar: str) -> None:
    with pytest.raises(Terminal, match=f"missing on the class path: {jar}; "):
        floor.refuse_unfit(a_session(lost=lost), is_s3=False)


def test_a_jar_that_lacks_another_is_named_too() -> None:
    broken = a_session()
    broken._jvm.org.apache.spark.util.Utils.classIsLoadable = lambda name: 1 / ("logstore" not in name)
    with pytest.raises(Terminal, match="missing on the class path: logstore; "):
        floor.refuse_unfit(broken, is_s3=False)


def test_another_file_system_than_s3a_is_refused_where_the_lake_is_on_s3_only() -> None:
    other = a_session(serves=lambda: EMRFS)
    with pytest.raises(Terminal, match=f"s3a:// is served by {EMRFS}"):
        floor.refuse_unfit(other, is_s3=True)
    floor.refuse_unfit(other, is_s3=False)


def test_a_scheme_that_nobody_serves_is_told_as_that() -> None:
    def nobody() -> str:
        raise ValueError("No FileSystem for scheme s3a")

    with pytest.raises(Terminal, match=r"s3a:// is served by nothing \(No FileSystem for scheme s3a\)"):
        floor.refuse_unfit(a_session(serves=nobody), is_s3=True)
