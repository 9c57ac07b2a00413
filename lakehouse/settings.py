"""Frozen, typed settings; the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from tempfile import gettempdir
from typing import Literal, TypeVar, get_args
from urllib.parse import urlparse

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse import secrets
from lakehouse.contracts import Terminal

PREFIX = "LAKEHOUSE_"
ENV_FILE = ".env"
PLATFORM = "platform"
LEAST_HEAP = 512  # MB


class Part(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(Part):
    """The operational MySQL database, read only."""

    host: str = Field("127.0.0.1", description="Writer endpoint of the source")
    port: int = Field(3306, ge=1, le=65535)
    user: str = Field("lakehouse", description="A user with SELECT, and PROCESS for the safe horizon")
    password: SecretStr = Field(SecretStr(""))
    secret: str | None = Field(
        None, pattern=secrets.ARN, description="ARN of a Secrets Manager secret that holds user and password"
    )
    database: str = Field("marketplace")
    tls: Literal["verify", "off"] = Field("verify", description="`verify` checks certificate and host name")
    ca: Path | None = Field(None, description="File with the certificate authorities to trust")
    grace_seconds: float = Field(2.0, ge=0, description="Safety margin below the proven horizon")
    blind_grace_seconds: float = Field(900.0, ge=0, description="The margin where the user has no PROCESS privilege")
    horizon_lag_seconds: float = Field(900.0, ge=0, description="Warn of who holds the horizon back for longer")
    datetime_is_utc: bool = Field(default=False, description="All who write DATETIME cursors do so in UTC")
    read_timeout_seconds: int = Field(600, ge=1, description="A read that gets nothing for so long is ended")
    read_deadline_seconds: int = Field(14_400, ge=1, description="A read that is not done by then is ended")
    reader_memory_mb: int = Field(1024, ge=128, description="Memory of the process that reads")


class WarehouseSettings(Part):
    """The warehouse, where no Prefect block is named."""

    dialect: Literal["postgres", "redshift"] = Field("postgres", description="What kind of warehouse it is")
    host: str = "127.0.0.1"
    port: int = Field(5432, ge=1, le=65535)
    user: str = "lakehouse"
    password: SecretStr = SecretStr("")
    secret: str | None = Field(
        None, pattern=secrets.ARN, description="ARN of a Secrets Manager secret that holds user and password"
    )
    database: str = "warehouse"
    tls: Literal["verify", "off"] = Field("verify", description="`verify` checks certificate and host name")
    ca: Path | None = Field(
        None, description="File with the authorities that PostgreSQL's certificate is checked by; the system's if unset"
    )


Server = TypeVar("Server", SourceSettings, WarehouseSettings)


class PrivacySettings(Part):
    """How personal values are hidden."""

    key: SecretStr = Field(SecretStr(""), description="Secret of the keyed hashes, 16 characters or more; keep it")
    secret: str | None = Field(None, pattern=secrets.ARN, description="ARN of a Secrets Manager secret that is the key")
    hash_identifiers: bool = Field(default=False, description="Hash the numbers of persons too, such as user_id")


class SparkSettings(Part):
    """Where and how large Spark runs."""

    master: str = Field(
        "local[*]",
        description=f"Spark master URL, or `sc://`; `{PLATFORM}`: as whoever started the process set it up (Glue, EMR)",
    )
    reader: Literal["connectorx", "jdbc"] = Field(
        "connectorx", description="Who reads: the worker, fastest on one machine, or `jdbc`, the executors of a cluster"
    )
    driver_memory: str = Field("1400m", pattern=r"^\d+[mg]$", description="Heap of the driver, 512m or more")

    @field_validator("driver_memory")
    @classmethod
    def _enough(cls, heap: str) -> str:
        if int(heap[:-1]) * (1 if heap.endswith("m") else 1024) < LEAST_HEAP:
            raise ValueError(f"Spark does not start with less than {LEAST_HEAP}m")
        return heap


class Settings(BaseSettings):
    """Everything the pipeline is told from outside: `LAKEHOUSE_*`, nested by `__`, `.env` read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_file=ENV_FILE, frozen=True, extra="ignore"
    )

    source: SourceSettings = SourceSettings()
    lake: str = Field("lake", description="Root of the lake: a folder or `s3://bucket/prefix`")
    lake_kms_key: str | None = Field(None, description="KMS key that encrypts the objects of an S3 lake")
    staging: Path | None = Field(None, description="Local folder for rows on their way; beside the lake by default")
    warehouse_block: str | None = Field(None, description="Name of a Prefect Warehouse block")
    warehouse: WarehouseSettings = WarehouseSettings()
    mirrors: Literal["auto", "all", "none"] = Field(
        "auto", description="Layers in the warehouse beside the marts: `all`, `none`; `auto`: `none` of an S3 lake"
    )
    spark: SparkSettings = SparkSettings()
    privacy: PrivacySettings = PrivacySettings()
    jars: Path | None = Field(None, description="Folder of verified jars")
    image: str | None = Field(None, description="Container image that `lakehouse setup` deploys")
    alert_webhook: SecretStr | None = Field(None, description="Address that `lakehouse setup` lets alerts be posted to")
    dashboard: str | None = Field(None, description="Page of the metrics' charts, to which each run links")
    parallel_tables: int = Field(3, ge=1, le=32, description="Tables that run at the same time")
    range_rows: int = Field(20_000, ge=100, description="Rows of a checksummed key range")
    chunk_rows: int = Field(1_000_000, ge=1000, description="Rows of one commit of a first load")

    @property
    def lake_root(self) -> str:
        """The lake as an absolute path, or an `s3://` address without a trailing slash."""
        if urlparse(self.lake).scheme == "s3":
            return self.lake.rstrip("/")
        return str(Path(self.lake).expanduser().resolve())

    @property
    def is_on_s3(self) -> bool:
        """True where the lake is not a folder."""
        return self.lake_root.startswith("s3://")

    @property
    def mirrored(self) -> bool:
        """True where the warehouse holds the other layers too."""
        return self.mirrors == "all" or (self.mirrors == "auto" and not self.is_on_s3)

    @property
    def staging_root(self) -> Path:
        """Where rows are on their way: always on a disk of the worker."""
        if self.staging is not None:
            return self.staging
        return Path(gettempdir()) / "lakehouse-staging" if self.is_on_s3 else Path(self.lake_root) / "_staging"


def names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> list[str]:
    """The names of all settings, as environment variables."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Part):
            found += names(inner, f"{prefix}{name.upper()}__")
        else:
            found.append(f"{prefix}{name.upper()}")
    return found


def secret_names() -> frozenset[str]:
    """The names of those whose values nobody may see."""
    return frozenset(_secret_names(Settings, PREFIX))


def _secret_names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Part):
            yield from _secret_names(inner, f"{prefix}{name.upper()}__")
        elif SecretStr in (inner, *get_args(inner)):
            yield f"{prefix}{name.upper()}"


def origin(name: str) -> Literal["environment", ".env", "default"]:
    """Where the value of a setting comes from."""
    if _given(os.environ, name):
        return "environment"
    return ".env" if _given(dotenv_values(ENV_FILE), name) else "default"


def load() -> Settings:
    """The settings of this process.

    Raises:
        Terminal: A name that is not a setting, a value that does not fit, which is not shown, or a secret that
            cannot be read.
        Transient: Secrets Manager does not answer.
    """
    known = set(names())
    given = [*os.environ, *dotenv_values(ENV_FILE)]
    unknown = sorted(k for k in given if k.upper().startswith(PREFIX) and k.upper() not in known)
    if unknown:
        near = get_close_matches(unknown[0].upper(), known, 1)
        hint = f"; do you mean {near[0]}?" if near else "; `lakehouse settings` lists the names"
        raise Terminal(f"unknown setting {unknown[0]}{hint}")
    try:
        found = Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        name = PREFIX + "__".join(str(part).upper() for part in first["loc"])
        raise Terminal(f"setting {name}: {first['msg']}") from None
    revealed = {
        "source": _revealed(found.source, "SOURCE"),
        "warehouse": _revealed(found.warehouse, "WAREHOUSE"),
        "privacy": _with_key(found.privacy),
    }
    return found.model_copy(update={name: part for name, part in revealed.items() if part is not getattr(found, name)})


def _with_key(privacy: PrivacySettings) -> PrivacySettings:
    """With the key that a secret is, where one is named."""
    if privacy.secret is None:
        return privacy
    setting = _named_alone("PRIVACY", "KEY", privacy.key)
    return privacy.model_copy(update={"key": SecretStr(secrets.text(privacy.secret, setting))})


def _revealed(server: Server, name: str) -> Server:
    """The server with the user and password of its secret, where it names one."""
    if server.secret is None:
        return server
    user, password = secrets.credentials(server.secret, _named_alone(name, "PASSWORD", server.password))
    return server.model_copy(update={"user": user, "password": password})


def _named_alone(group: str, other: str, value: SecretStr) -> str:
    """The name of a group's setting that names a secret; the value that it holds is not told beside it."""
    group = f"{PREFIX}{group}__"
    if value.get_secret_value():
        raise Terminal(f"{group}SECRET and {group}{other} are both set; keep one of them")
    return f"{group}SECRET"


def _given(values: Iterable[str], name: str) -> bool:
    return name in {key.upper() for key in values}
