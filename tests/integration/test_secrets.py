"""Credentials by reference: a secret named in the settings is read, never shown, and told by name."""

import json
import traceback
from collections.abc import Iterator

import pytest

from demo.servers.s3 import S3Server
from lakehouse import settings
from lakehouse.contracts import PipelineError, Terminal, Transient
from tests.support import cloud

CANARY = "canary-5f1d"
NOWHERE = f"arn:aws:secretsmanager:us-east-1:{cloud.ACCOUNT}:secret:nothing-abcdef"


@pytest.fixture
def vault(s3_server: S3Server) -> Iterator[S3Server]:
    with cloud.entered(s3_server):
        yield s3_server


def kept(vault: S3Server, name: str, value: str) -> str:
    """A new secret's ARN."""
    client = cloud.client(vault, "secretsmanager")
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    return client.create_secret(Name=name, SecretString=value)["ARN"]


def everything(error: BaseException | None) -> str:
    """All that an error and what led to it could show."""
    told = ""
    while error is not None:
        told += "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
        error = error.__context__
    return told


@pytest.mark.parametrize("part", ["source", "warehouse"])
def test_user_and_password_come_from_the_secret_and_are_in_no_text(
    part: str, vault: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = kept(vault, part, json.dumps({"username": "reader", "password": CANARY, "engine": "mysql"}))
    monkeypatch.setenv(f"LAKEHOUSE_{part.upper()}__SECRET", arn)
    monkeypatch.setenv(f"LAKEHOUSE_{part.upper()}__HOST", "db")

    found = settings.load()

    server = getattr(found, part)
    assert (server.host, server.user, server.password.get_secret_value()) == ("db", "reader", CANARY)
    assert CANARY not in repr(found) + str(found) + found.model_dump_json() + repr(found.model_dump())
    assert arn in repr(found)


def test_the_key_of_the_hashes_is_a_secret_as_it_stands(vault: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_PRIVACY__SECRET", kept(vault, "key", CANARY))

    found = settings.load()

    assert found.privacy.key.get_secret_value() == CANARY
    assert CANARY not in repr(found) + found.model_dump_json()
    monkeypatch.setenv("LAKEHOUSE_PRIVACY__KEY", "another")
    with pytest.raises(Terminal, match="PRIVACY__SECRET and LAKEHOUSE_PRIVACY__KEY are both set"):
        settings.load()


def test_settings_without_a_secret_ask_nobody(vault: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LAKEHOUSE_SOURCE__PASSWORD", "own")

    assert settings.load().source.password.get_secret_value() == "own"


def test_a_secret_that_is_not_there_is_told_by_the_setting_that_names_it(
    vault: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", NOWHERE)

    with pytest.raises(Terminal, match=rf"LAKEHOUSE_SOURCE__SECRET: secret {NOWHERE} .*ResourceNotFoundException"):
        settings.load()


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        (f'{{"username": "reader", "pasword": "{CANARY}"}}', "no field password;"),
        (f'{{"user": "reader", "pw": "{CANARY}"}}', "no field username and no field password;"),
        (f'{{"username": "reader", "password": ["{CANARY}"]}}', "no field password;"),
        (f'"{CANARY}"', "no field username and no field password;"),
        (f'{{"username": "reader", "password": {CANARY}', "no field username and no field password;"),
    ],
)
def test_a_secret_of_another_shape_is_told_by_the_missing_fields_and_not_shown(
    value: str, missing: str, vault: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_WAREHOUSE__SECRET", kept(vault, "odd", value))

    with pytest.raises(Terminal, match=missing) as caught:
        settings.load()

    assert str(caught.value).startswith("LAKEHOUSE_WAREHOUSE__SECRET: ")
    assert CANARY not in everything(caught.value)


def test_a_json_error_that_is_let_through_would_show_the_secret() -> None:
    with pytest.raises(ValueError, match="Expecting value") as caught:
        json.loads(f'{{"password": {CANARY}')

    assert CANARY in everything(caught.value)


def test_a_password_beside_a_secret_is_refused(vault: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", NOWHERE)
    monkeypatch.setenv("LAKEHOUSE_SOURCE__PASSWORD", CANARY)

    with pytest.raises(
        Terminal, match="SOURCE__SECRET and LAKEHOUSE_SOURCE__PASSWORD are both set; keep one"
    ) as caught:
        settings.load()

    assert CANARY not in str(caught.value)


def test_a_value_that_is_no_arn_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", CANARY)

    with pytest.raises(Terminal, match="setting LAKEHOUSE_SOURCE__SECRET: ") as caught:
        settings.load()

    assert CANARY not in str(caught.value)


def test_a_secrets_manager_that_does_not_answer_may_be_tried_again(
    vault: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", NOWHERE)

    with pytest.raises(Transient, match="LAKEHOUSE_SOURCE__SECRET: Secrets Manager does not answer"):
        settings.load()


def test_an_environment_without_credentials_is_told(vault: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("LAKEHOUSE_SOURCE__SECRET", NOWHERE)

    with pytest.raises(PipelineError, match="no AWS credentials found; give the task a role"):
        settings.load()
