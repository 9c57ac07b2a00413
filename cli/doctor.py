"""What a run needs, looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from prefect import get_client
from prefect.settings import PREFECT_API_URL
from rich.console import Console

import transforms
from lakehouse import session
from lakehouse.contracts import PipelineError, Transient
from lakehouse.lake import Lake
from lakehouse.settings import Settings
from lakehouse.source import assumptions, contract
from lakehouse.source.connection import connect
from lakehouse.warehouse import release
from tasks.blocks import warehouse


def check(settings: Settings, console: Console) -> bool:
    """Prints a line per need; True when all are met."""
    needs: dict[str, Callable[[], object]] = {
        **session.needs(settings),
        "lake": Lake.of(settings).check_writable,
        "source": lambda: _source(settings),
        "warehouse": lambda: release.serving(warehouse(settings).engine()),
        "Prefect API": _prefect,
    }
    return met(needs, console)


def met(needs: Mapping[str, Callable[[], object]], console: Console) -> bool:
    """Prints a line per need; True when all are met."""
    looked_at = [_met(name, need, console) for name, need in needs.items()]
    return all(looked_at)


def check_source(settings: Settings, console: Console) -> bool:
    """Prints a line per assumption that is made of the source; True when all hold."""
    tables = [spec.table for spec in transforms.catalog().tables.values()]
    with connect(settings.source) as connection:
        found = list(assumptions.look(connection, settings.source, tables))
    for about, holds, says in found:
        _say(console, f"{'✓' if holds else '✗'} {about}: {says}")
    return all(finding.holds for finding in found)


def _met(name: str, need: Callable[[], object], console: Console) -> bool:
    try:
        found = need()
    except PipelineError as error:
        _say(console, f"✗ {name}: {error}")
        return False
    _say(console, f"✓ {name}" + (f": {found}" if isinstance(found, str | Path) else ""))
    return True


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _source(settings: Settings) -> None:
    with connect(settings.source) as connection:
        for spec in transforms.catalog().tables.values():
            contract.check(connection, spec.table, datetime_is_utc=settings.source.datetime_is_utc)


def _prefect() -> str:
    api = PREFECT_API_URL.value()
    if api is None:
        return "none named: each run starts one of its own; set PREFECT_API_URL to keep its history"
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise Transient(f"{api} does not answer ({type(problem).__name__}); check PREFECT_API_URL, and that it runs")
    return api
