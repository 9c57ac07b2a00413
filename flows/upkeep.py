"""The weekly upkeep of the lake, which may run beside any other run."""

from __future__ import annotations

import logging

from prefect import flow, get_run_logger
from prefect.states import Completed, Failed, State

import transforms
from flows.parameters import DryRun, KeepDays, TendedTables, upkeep_name
from lakehouse import settings
from lakehouse.contracts import PipelineError
from lakehouse.lake import Lake
from lakehouse.upkeep import LEAST_DAYS, Upkeep
from lakehouse.upkeep_log import UpkeepRecord, summary, told
from tasks import artifacts


@flow(name="upkeep", flow_run_name=upkeep_name, persist_result=False)
def upkeep(tables: TendedTables = (), keep_days: KeepDays = LEAST_DAYS, dry_run: DryRun = False) -> State:
    """Puts small files together and removes those that no version in use needs; no row changes."""
    log, found = get_run_logger(), list[UpkeepRecord]()
    try:
        asked = Upkeep.of(Lake.of(settings.load()), keep_days, dry_run=dry_run)
        for record in asked.tend(transforms.catalog(), [*map(str, tables)]):
            found.append(record)
            log.log(logging.ERROR if record.error else logging.INFO, told(record))
    except PipelineError as error:
        return Failed(message=str(error), data=error)
    artifacts.show_upkeep(found, dry_run=dry_run)
    wrong = [f"{r.layer} {r.table}: {r.error}" for r in found if r.error]
    if wrong:
        return Failed(message="; ".join(wrong), data=found)
    return Completed(message=summary(found), data=found)
