"""`lakehouse erase`: asks whether a run is active, erases, and prints the receipt."""

from __future__ import annotations

from httpx import HTTPError
from prefect import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypes
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL
from rich.console import Console
from rich.table import Table

import transforms
from lakehouse import erasure
from lakehouse.contracts import Terminal, Transient
from lakehouse.erasure import Receipt
from lakehouse.settings import Settings
from tasks.blocks import warehouse

FLOWS = ("marketplace", "upkeep")


def erase(settings: Settings, user: str, console: Console) -> None:
    """Erases a person and prints what was done.

    Raises:
        Terminal: A run is active, or the person cannot be erased.
    """
    _refuse_while_running()
    engine = warehouse(settings).engine()
    try:
        receipt(erasure.erase(settings, transforms.catalog(), engine, user), console)
    finally:
        engine.dispose()


def receipt(found: Receipt, console: Console) -> None:
    """What was done, without the id."""
    table = Table("layer", "table", "rows changed", "files removed", "log entries removed",
                  title=f"erased: the person known as {found.person}…", title_justify="left")  # fmt: skip
    for line in found.lines:
        table.add_row(line.layer, line.name, f"{line.rows:,}", f"{line.purged.files:,}", f"{line.purged.entries:,}")
    console.print(table if found.lines else f"the person known as {found.person}… is erased already; nothing to do")
    console.print(f"run {found.run_id}, release {found.release}, {found.seconds:.1f} s")
    if found.unclaimed:
        console.print(
            f"note: {found.unclaimed} files belong to no commit: a run writes now, or broke off within a day, and they "
            "may hold the person still. Erase once more a day from now: then they go too"
        )


def _refuse_while_running() -> None:
    """What is active reads or copies what the erasure takes away; where no server is named, this cannot be known."""
    if PREFECT_API_URL.value() is None:
        return
    active = FlowRunFilter(state=FlowRunFilterState(type=StateTypes(any_=[StateType.RUNNING, StateType.CANCELLING])))
    try:
        with get_client(sync_client=True) as client:
            found = client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=[*FLOWS])), flow_run_filter=active
            )
    except HTTPError as error:
        raise Transient(f"{PREFECT_API_URL.value()} does not answer ({type(error).__name__}), so whether a run is "
                        "active cannot be known; check PREFECT_API_URL, and that it runs") from None  # fmt: skip
    if found:
        raise Terminal(f"run {found[0].name} is active; let it end, or cancel it, then erase")
