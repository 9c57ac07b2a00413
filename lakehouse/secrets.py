"""Credentials by reference: a secret of AWS Secrets Manager, named by its ARN, read when settings are."""

from __future__ import annotations

import json
from contextlib import suppress

from pydantic import SecretStr

from lakehouse.contracts import Terminal, Transient

SECONDS = 5
ARN = r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$"
FIELDS = ("username", "password")


def credentials(arn: str, setting: str) -> tuple[str, SecretStr]:
    """The user and password that a secret holds, as RDS and Redshift keep them.

    Args:
        arn: The secret.
        setting: The setting that names it, for messages.

    Raises:
        Terminal: No credentials, no such secret, no right to read it, or it lacks a field.
        Transient: Secrets Manager does not answer.
    """
    fields = _fields(text(arn, setting))
    missing = [name for name in FIELDS if not isinstance(fields.get(name), str) or not fields[name]]
    if missing:
        raise Terminal(
            f"{setting}: secret {arn} has no field {' and no field '.join(missing)}; "
            'its value must be JSON such as {"username": "…", "password": "…"}'
        )
    return fields["username"], SecretStr(fields["password"])


def _fields(value: str) -> dict[str, str]:
    """What a secret's text says; nothing of it gets into an error."""
    with suppress(ValueError):
        found = json.loads(value)
        return found if isinstance(found, dict) else {}
    return {}


def text(arn: str, setting: str) -> str:
    """What a secret holds; empty where that is not text.

    Raises:
        Terminal: No credentials, no such secret, or no right to read it.
        Transient: Secrets Manager does not answer.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    config = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 3, "mode": "standard"})
    try:
        client = boto3.Session().client("secretsmanager", region_name=arn.split(":")[3], config=config)
        return str(client.get_secret_value(SecretId=arn).get("SecretString", ""))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise Terminal(
            f"{setting}: secret {arn} cannot be read ({code}); check the ARN, that it has a value, and that the role "
            "may read it and use its key"
        ) from None
    except NoCredentialsError:
        raise Terminal(f"{setting}: no AWS credentials found; give the task a role, or set AWS_PROFILE") from None
    except BotoCoreError as error:
        raise Transient(
            f"{setting}: Secrets Manager does not answer ({type(error).__name__}); check the network "
            "and AWS_ENDPOINT_URL"
        ) from None
