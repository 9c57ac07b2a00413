"""A run by hand, as a person starts it: the form of the Prefect UI in a real browser, the run, and what it shows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from demo.servers.stack import Stack
from demo.up import DEPLOYMENT, up
from tests.integration.test_servers import CLONE

SCALE = 0.02
DAY = "2026-01-31"
RUN_MS = 400_000
STEP_MS = 60_000
SCREENSHOTS = CLONE / "test-output" / "ui"
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All of `make up`: a marketplace, the deployment and its worker."""
    found = up(tmp_path_factory.mktemp("up") / ".demo", SCALE)
    yield found
    found.stop()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page of Debian's Chromium, with a profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path="/usr/bin/chromium", args=SWITCHES,
            viewport={"width": 1200, "height": 1100}, timeout=STEP_MS,
        )  # fmt: skip
        browser.set_default_timeout(STEP_MS)
        yield browser.pages[0]
        browser.close()
