"""Runs one step of a run, as the arguments say; its last line tells which family an error is of."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable

import pyspark

from lakehouse import floor
from lakehouse.contracts import PipelineError, Transient


def main(given: list[str]) -> None:
    """Does what the arguments ask for; ends the process with `Transient: …` or `Terminal: …` where that fails."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("lakehouse", "deployments"):
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        floor.refuse_old_spark(pyspark.__version__)
        _run(given)
    except PipelineError as error:
        family = "Transient" if isinstance(error, Transient) else "Terminal"
        sys.exit(f"{family}: {' '.join(str(error).split())}")


def _run(given: list[str]) -> None:
    import transforms  # noqa: PLC0415
    from deployments.glue import arguments, verify_glue  # noqa: PLC0415
    from deployments.glue.steps import Job  # noqa: PLC0415
    from lakehouse import settings  # noqa: PLC0415

    found = arguments.parse(given)
    job = Job(settings.load(), transforms.catalog(), found.run_id or uuid.uuid4().hex[:12])
    steps: dict[str, Callable[[], object]] = {
        "plan": lambda: job.plan(found.asked),
        "table": lambda: job.table(found.table),
        "marts": job.marts,
        "publish": job.publish,
        "reconcile": job.reconcile,
        "summary": job.summary,
        "whole": lambda: job.whole(found.asked),
        "verify": lambda: verify_glue.verify(job.settings, job.catalog),
    }
    told = steps[found.step]()
    logging.getLogger(__name__).info("run %s, %s: done: %s", job.run_id, found.step, told)
