"""A run that is asked for wrongly, at a real Prefect server: refused by name before it reads anything."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import State
from prefect.utilities.callables import parameter_schema

from demo.servers.prefect import PrefectServer
from flows.marketplace import marketplace

NOWHERE = "9"  # the discard port: nobody listens


@pytest.fixture
def client(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    """The server, and no source to read."""
    monkeypatch.setenv("LAKEHOUSE_SOURCE__PORT", NOWHERE)
    with temporary_settings({PREFECT_API_URL: prefect_server.api}), get_client(sync_client=True) as client:
        yield client


def newest(client: SyncPrefectClient) -> tuple[str, State]:
    run = max(client.read_flow_runs(), key=lambda run: run.created)
    return run.name, run.state


def test_a_value_that_there_is_not_is_refused_when_the_form_is_sent(client: SyncPrefectClient) -> None:
    schema = parameter_schema(marketplace).model_dump_for_openapi()
    deployment = client.create_deployment(
        client.create_flow(marketplace), "form", parameter_openapi_schema=schema, enforce_parameter_schema=True
    )

    for given, told in (
        ({"tables": ["bookingz"]}, "'bookingz' is not one of"),
        ({"mode": "bogus"}, "'bogus' is not one of"),
        ({"publish": "perhaps"}, "'perhaps' is not of type 'boolean'"),
    ):
        with pytest.raises(PrefectHTTPStatusError, match=told):
            client.create_flow_run_from_deployment(deployment, parameters=given)
    assert client.create_flow_run_from_deployment(deployment, parameters={"tables": ["bookings"]}).id


def test_days_that_do_not_fit_fail_the_run_before_it_reads(client: SyncPrefectClient) -> None:
    marketplace(mode="backfill", return_state=True)

    _, state = newest(client)
    assert state.is_failed()
    assert "mode backfill needs `since` and `until`" in state.message
    assert "unreachable" not in state.message


def test_a_run_with_parameters_that_fit_does_reach_for_the_source(client: SyncPrefectClient) -> None:
    marketplace(tables=("bookings",), mode="full", publish=False, return_state=True)

    name, state = newest(client)
    assert name == "full bookings"
    assert "is unreachable" in state.message
