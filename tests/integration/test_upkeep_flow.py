"""The upkeep as Prefect runs it and as it is typed: names, bounds, artifact, messages."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Running
from prefect.utilities.callables import parameter_schema
from typer.testing import CliRunner

from cli.main import app
from demo.servers.prefect import PrefectServer
from flows.upkeep import upkeep
from lakehouse import upkeep_log
from lakehouse.lake import Lake, State, to_json


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Bronze of bookings in three small files."""
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(tmp_path / "lake"))
    made = Lake(str(tmp_path / "lake"))
    for seq in (1, 2, 3):
        stamp = CommitProperties(custom_metadata={"userMetadata": to_json(State("bronze/bookings", seq, "r", "load"))})
        rows = pa.table({"id": [seq]})
        write_deltalake(made.path("bronze", "bookings"), rows, mode="append", commit_properties=stamp)
    return made


@pytest.fixture
def client(prefect_server: PrefectServer) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        yield client


def newest(client: SyncPrefectClient) -> FlowRun:
    return max(client.read_flow_runs(), key=lambda run: run.created)


def files(lake: Lake) -> int:
    return len(DeltaTable(lake.path("bronze", "bookings")).file_uris())


def test_an_upkeep_has_a_name_and_leaves_a_line_per_table_on_its_page(lake: Lake, client: SyncPrefectClient) -> None:
    state = upkeep(keep_days=10, return_state=True)

    run = newest(client)
    assert (run.name, run.state.type) == ("tend all tables, keep 10 days", "COMPLETED")
    assert state.message == "1 tables: 3 files to 1, 0 old ones gone, 0.0 MB freed"
    (shown,) = [a for a in client.read_artifacts() if a.flow_run_id == run.id]
    (row,) = json.loads(shown.data)
    assert (row["layer"], row["table"], row["files before"], row["files after"]) == ("bronze", "bookings", 3, 1)
    assert shown.description == state.message and files(lake) == 1


def test_a_dry_run_says_so_and_does_nothing(lake: Lake, client: SyncPrefectClient) -> None:
    upkeep(tables=("bookings",), dry_run=True, return_state=True)

    run = newest(client)
    assert run.name == "look at bookings, keep 7 days"
    (shown,) = [a for a in client.read_artifacts() if a.flow_run_id == run.id]
    assert shown.description.startswith("a dry run: 1 tables: 3 files to 1")
    assert files(lake) == 3 and upkeep_log.records(lake) == []


def test_fewer_days_than_a_run_may_take_and_unknown_tables_are_refused_when_the_form_is_sent(
    client: SyncPrefectClient,
) -> None:
    schema = parameter_schema(upkeep).model_dump_for_openapi()
    assert all("title" in field and "description" in field for field in schema["properties"].values())
    deployment = client.create_deployment(
        client.create_flow(upkeep), "form", parameter_openapi_schema=schema, enforce_parameter_schema=True
    )
    for given, told in (
        ({"keep_days": 6}, "6 is less than the minimum of 7"),
        ({"keep_days": 366}, "366 is greater than the maximum of 365"),
        ({"tables": ["bookingz"]}, "'bookingz' is not one of"),
    ):
        with pytest.raises(PrefectHTTPStatusError, match=told):
            client.create_flow_run_from_deployment(deployment, parameters=given)
    assert client.create_flow_run_from_deployment(deployment, parameters={"keep_days": 30}).id


def test_a_table_that_cannot_be_tended_fails_the_run_by_name(lake: Lake, client: SyncPrefectClient) -> None:
    for file in Path(lake.path("bronze", "bookings")).glob("*.parquet"):
        file.unlink()

    state = upkeep(return_state=True)

    assert state.is_failed() and state.message.startswith("bronze bookings: ")


def test_nobody_is_erased_while_upkeep_copies_rows(client: SyncPrefectClient) -> None:
    client.create_flow_run(upkeep, name="weekly", state=Running())

    refused = CliRunner().invoke(app, ["erase", "--user", "1977000777"])

    assert (refused.exit_code, "error: run weekly is active" in refused.output) == (1, True)


def test_the_command_tells_what_it_did(lake: Lake) -> None:
    told = CliRunner().invoke(app, ["upkeep", "--dry-run"])
    assert told.exit_code == 0 and "3 → 1" in told.output and files(lake) == 3
    assert CliRunner().invoke(app, ["upkeep"]).exit_code == 0
    assert files(lake) == 1 and [r.table for r in upkeep_log.records(lake)] == ["bookings"]
    refused = CliRunner().invoke(app, ["upkeep", "--keep-days", "3"])
    assert refused.exit_code == 1 and "error: old versions stay 7 days or more, not 3" in refused.output
