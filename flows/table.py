"""One table from the source to silver, as a subflow of its own."""

from __future__ import annotations

from datetime import date

from prefect import flow, get_run_logger

import transforms
from flows import turns
from lakehouse import settings
from lakehouse.ledger import TableRecord
from lakehouse.pipeline import Mode, Run
from lakehouse.source.horizon import Horizon
from tasks import steps


@flow(name="table", flow_run_name="{table}-{mode}", persist_result=False)
def table_flow(
    table: str,
    mode: Mode,
    run_id: str,
    horizon: Horizon,
    as_of: date,
    since: date | None = None,
    until: date | None = None,
) -> TableRecord:
    """Extracts one table, curates it and proves both.

    Args:
        table: Name of the table in the lake.
        mode: What to read.
        run_id: The parent's run.
        horizon: The bound that all reads of the run share.
        as_of: The day that the run speaks of.
        since: First day of a backfill.
        until: Day after the last of a backfill.
    """
    turns.passed()
    run = Run(run_id, settings.load(), transforms.catalog(), mode, horizon, as_of, since, until)
    found = steps.ingest(run, table)
    get_run_logger().info(
        "%s: %s, %d read, %d new, %d deleted, %d in quarantine, %d in silver, %s",
        table, found.status, found.read, found.new, found.deleted, found.quarantined, found.silver_rows,
        "balanced" if found.balanced else "NOT BALANCED",
    )  # fmt: skip
    return found
