"""One run over a marketplace in a process of its own, by whatever Spark the environment names.

Reads settings from the environment, and the horizon, so that runs on several engines tell the same; ends with the
class and the line of what stopped it.
"""

import os
import sys

import transforms
from lakehouse import ledger, pipeline, presentation, session
from lakehouse.contracts import PipelineError
from lakehouse.ledger import RunReport
from lakehouse.settings import load
from lakehouse.source.horizon import Horizon

AT = "MARKETPLACE_AT"


def run(mode: pipeline.Mode) -> None:
    """One run as far as the marts."""
    settings, catalog = load(), transforms.catalog()
    at = int(os.environ[AT])
    pipeline.safe_horizon = lambda *_: Horizon(at, at, "told by the test")
    opened = pipeline.start(settings, catalog, mode)
    session.spark(settings)
    todo = [name for name in catalog.tables if pipeline.pending(opened, name)]
    records = tuple(pipeline.ingest(opened, name) for name in todo)
    marts, _ = presentation.build(opened, frozenset(catalog.marts))
    assert [(mart.name, mart.error) for mart in marts if mart.error] == []
    assert all(record.balanced for record in records)
    report = RunReport(opened.run_id, mode, "", "", "done", records, tuple(marts), 0, 0, True, opened.horizon.at)
    ledger.append(opened.lake, report)


if __name__ == "__main__":
    try:
        run(os.environ.get("MARKETPLACE_MODE", "incremental"))
    except PipelineError as error:
        sys.exit(f"{type(error).__name__}: {error}")
