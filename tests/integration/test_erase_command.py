"""`lakehouse erase` as it is typed: when it refuses, and what it prints."""

from collections.abc import Iterator
from io import StringIO

import pytest
from prefect import flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Running
from rich.console import Console
from typer.testing import CliRunner

from cli import erase
from cli.main import app
from demo.servers.prefect import PrefectServer
from lakehouse.erasure import Line, Receipt
from lakehouse.purge import Purged

UNREACHABLE = "http://127.0.0.1:1/api"


@flow(name="marketplace")
def marketplace() -> None:
    """Stands for a run of the pipeline."""


@pytest.fixture
def client(prefect_server: PrefectServer) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        yield client


def test_an_erasure_is_refused_while_a_run_is_active_and_not_after_it(client: SyncPrefectClient) -> None:
    run = client.create_flow_run(marketplace, name="night-run", state=Running())

    refused = CliRunner().invoke(app, ["erase", "--user", "1977000777"])

    assert refused.exit_code == 1
    assert "error: run night-run is active; let it end, or cancel it, then erase" in refused.output
    client.set_flow_run_state(run.id, Completed(), force=True)
    told = CliRunner().invoke(app, ["erase", "--user", "1977000777"]).output
    assert "set LAKEHOUSE_PRIVACY__KEY to a secret of 16 characters or more, and keep it" in told
    assert "1977000777" not in told


def test_a_prefect_that_does_not_answer_is_told_in_one_line() -> None:
    with temporary_settings({PREFECT_API_URL: UNREACHABLE}):
        refused = CliRunner().invoke(app, ["erase", "--user", "7"])

    assert refused.exit_code == 1
    assert refused.output.startswith("error: ") and "whether a run is active cannot be known" in refused.output


def test_the_receipt_tells_rows_and_files_of_each_table_and_what_is_left_to_do() -> None:
    lines = (Line("bronze", "orders", 1234, Purged(5, 6, 0)), Line("silver", "orders", 2, Purged(1, 1, 3)))
    page = StringIO()

    erase.receipt(Receipt("f25686f52b68", "r1", lines, 7, 1.25), Console(file=page, width=150))

    said = page.getvalue()
    assert "the person known as f25686f52b68" in said and "run r1, release 7, 1.2 s" in said
    assert "1,234" in said and "note: 3 files belong to no commit" in said


def test_the_receipt_of_somebody_who_is_erased_already_says_so() -> None:
    page = StringIO()

    erase.receipt(Receipt("f25686f52b68", "r1", (), 7, 0.1), Console(file=page, width=150))

    assert "is erased already; nothing to do" in page.getvalue()
