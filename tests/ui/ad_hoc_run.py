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
RUN_MS = 900_000
STEP_MS = 60_000
SCREENSHOTS = CLONE / "test-output" / "ui"
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = pytest.mark.timeout(1800)


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


def keep(page: Page, name: str) -> None:
    """Leaves what the page shows as test output."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def open_form(page: Page, servers: Stack) -> None:
    _, _, name = DEPLOYMENT.partition("/")
    page.goto(servers.prefect.url)
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name=name, exact=True).click()
    keep(page, "1-deployment")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
    expect(page.get_by_role("heading", name="Parameters")).to_be_visible()


def choose(page: Page, field: str, value: str) -> None:
    """One of a list that opens."""
    page.get_by_role("button", name=f"Select {field}", exact=True).click()
    page.get_by_role("option", name=value, exact=True).click()
    page.keyboard.press("Escape")


def set_day(page: Page, field: str, day: str) -> None:
    """A day, in a field that is empty so far."""
    box = page.locator("div.group", has=page.get_by_text(re.compile(rf"^{field}( \(Optional\))?$"))).first
    box.get_by_role("tab", name="date").click()
    box.get_by_role("button", name="Pick a date").click()
    page.get_by_label("Date (yyyy-MM-dd)").fill(day)
    page.keyboard.press("Escape")


def submit(page: Page) -> str:
    """Sends the form; the id of the run that it made."""
    with page.expect_response(re.compile("/create_flow_run$")) as answer:
        page.get_by_role("button", name="Submit").click()
    assert answer.value.ok, answer.value.text()
    return answer.value.json()["id"]


def read_summary(page: Page) -> None:
    """From the page of a completed run to its summary: the artifact's key, then the newest of that key."""
    page.get_by_role("tab", name="Artifacts").click()
    link = page.get_by_role("link", name=re.compile("run-summary"))
    expect(link).to_be_visible()
    keep(page, "4-artifacts")
    link.click()
    page.locator("main a[href*='/artifacts/artifact/']").first.click()
    expect(page.get_by_role("row", name=re.compile(r"^exchange_rates load [1-9]\d* .*true$"))).to_be_visible()
    keep(page, "5-run-summary")


def test_a_run_asked_for_in_the_form_completes_and_its_page_shows_what_it_did(servers: Stack, page: Page) -> None:
    open_form(page, servers)
    choose(page, "TableName", "exchange_rates")
    choose(page, "Mode", "full")
    set_day(page, "As of", DAY)
    keep(page, "2-form")
    run = submit(page)

    base, _, _ = page.url.partition("/deployments")
    page.goto(f"{base}/runs/flow-run/{run}")
    expect(page.get_by_text("full exchange_rates").first).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=RUN_MS)
    keep(page, "3-run")
    read_summary(page)

    with temporary_settings({PREFECT_API_URL: servers.prefect.api}), get_client(sync_client=True) as client:
        asked = client.read_flow_run(run).parameters
    assert asked == {
        "tables": ["exchange_rates"], "mode": "full", "since": None, "until": None, "as_of": DAY, "publish": True,
    }  # fmt: skip
