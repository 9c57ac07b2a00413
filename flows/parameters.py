"""What a run can be asked for: the fields of the form in the UI, what does not fit together, and the run's name."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from prefect.runtime import flow_run
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

import transforms
from lakehouse import pipeline, upkeep
from lakehouse.contracts import Terminal
from lakehouse.pipeline import Mode

MOST_DAYS = 365  # the log tells 400 days
TableName = StrEnum("TableName", {name: name for name in sorted(transforms.catalog().tables)})
TableName.__doc__ = "A table of the source."


def shown(title: str, description: str) -> Any:
    """A field of the form as the UI shows it; a title or description of its own would be lost on the way there."""
    return Field(json_schema_extra={"title": title, "description": description})


def _known(name: Any) -> Any:
    if name not in [*TableName]:
        raise ValueError(f"there is no table {name}; there are {', '.join(TableName)}")
    return name


def _fits(until: date | None, asked: ValidationInfo) -> date | None:
    """Looks at the last of the fields that belong together, when the others are known."""
    if {"mode", "since"} <= asked.data.keys():
        try:
            pipeline.refuse_misfit(asked.data["mode"], asked.data["since"], until)
        except Terminal as error:
            raise ValueError(str(error)) from None
    return until


Tables = Annotated[
    tuple[Annotated[TableName, BeforeValidator(_known)], ...],
    shown("Tables", "Tables to bring up to date; all of them when none is chosen"),
]
ReadMode = Annotated[
    Mode,
    shown(
        "Mode",
        "incremental: what has changed. full: everything anew. backfill: the days from Since to Until. "
        "reconcile: every key is compared with the source, and what differs is mended",
    ),
]
Since = Annotated[date | None, shown("Since", "First day of a backfill, UTC; only in that mode")]
Until = Annotated[
    date | None,
    shown("Until", "Day after the last of a backfill, UTC; only in that mode"),
    Field(validate_default=True),
    AfterValidator(_fits),
]
AsOf = Annotated[date | None, shown("As of", "Day that the marts speak of; the source's today when empty")]
Publish = Annotated[bool, shown("Publish", "Release the marts to the warehouse")]
TendedTables = Annotated[
    tuple[Annotated[TableName, BeforeValidator(_known)], ...],
    shown("Tables", "Tables of the source whose layers are tended; all of the lake, with marts, when none is chosen"),
]
KeepDays = Annotated[
    int,
    shown("Keep days", f"Days for which old versions stay, {upkeep.LEAST_DAYS} or more; longer where they are needed"),
    Field(ge=upkeep.LEAST_DAYS, le=MOST_DAYS),
]
DryRun = Annotated[bool, shown("Dry run", "Tell what would be done, and do nothing")]


def run_name() -> str:
    """What a run is: its mode, its tables, and the days of a backfill."""
    asked = flow_run.parameters
    tables = ", ".join(asked.get("tables") or ["all tables"])
    days = f" {asked['since']} to {asked['until']}" if asked.get("since") else ""
    return f"{asked.get('mode', 'incremental')} {tables}{days}"


def upkeep_name() -> str:
    """What an upkeep is: its tables, and for how long old versions stay."""
    asked = flow_run.parameters
    tables = ", ".join(asked.get("tables") or ["all tables"])
    told = "look at" if asked.get("dry_run") else "tend"
    return f"{told} {tables}, keep {asked.get('keep_days', upkeep.LEAST_DAYS)} days"
