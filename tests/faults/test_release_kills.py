"""A release whose process is killed at any step: readers see the old one or the new one, and the next makes it good."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.release_site import Site
from tests.faults.releaser import COMMIT, TOLD
from tests.faults.test_release import STEPS
from tests.support.warehouse import rows

pytestmark = pytest.mark.timeout(120)
LEFT = """SELECT 'temporary table', relname::text FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'
UNION ALL SELECT 'lock', c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'presentation'"""
GONE_WITHIN = 20.0
ROOT = Path(__file__).parents[2]
STOPS = {step: words for step, (words, nth) in STEPS.items() if nth == 1} | {COMMIT: COMMIT}


def killed_at(site: Site, words: str, *options: str) -> None:
    """Releases in a process of its own, and kills it where it stops."""
    command = [sys.executable, "-m", "tests.faults.releaser", site.gold.lake.root, words, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin and process.stdout
        process.stdin.write(site.direct.url.render_as_string(hide_password=False) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stopped\n"
        process.kill()


def nothing_is_left(site: Site) -> bool:
    until = time.monotonic() + GONE_WITHIN
    while rows(site.direct, LEFT):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.fault("F30", "F54")
@pytest.mark.parametrize("step", STOPS)
def test_a_process_that_is_killed_before_leaves_the_old_release_and_no_lock(site: Site, step: str) -> None:
    killed_at(site, STOPS[step])

    assert nothing_is_left(site)
    assert site.is_old()
    site.release(site.direct, site.states)
    assert site.is_new()
    assert rows(site.direct, "SELECT release FROM presentation.load_log ORDER BY 1") == [(1,), (2,)]


@pytest.mark.fault("F54")
def test_a_process_that_is_killed_after_the_commit_has_released_once(site: Site) -> None:
    killed_at(site, TOLD)

    assert nothing_is_left(site)
    assert site.is_new()
    site.release(site.direct, site.states)
    assert site.seen()[1] == {name: site.gold.rows(name) for name in site.seen()[1]}


@pytest.mark.fault("F54", control=True)
def test_without_the_one_transaction_a_killed_process_leaves_a_hole(site: Site) -> None:
    killed_at(site, STEPS["the new rows come"][0], "--torn")

    assert nothing_is_left(site)
    assert not site.is_old()
    assert not site.is_new()
