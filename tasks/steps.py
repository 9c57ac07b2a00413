"""The pipeline's functions as Prefect tasks: names, and retries for what may pass by itself."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from lakehouse import course, ledger, mirrors, pipeline, presentation, quality_log
from lakehouse.contracts import Transient
from lakehouse.lake import State
from lakehouse.ledger import MartRecord, MirrorRecord, RunReport, TableRecord
from lakehouse.pipeline import Run
from lakehouse.warehouse.mirrored import Place
from tasks import artifacts

RETRIES = 3
DELAYS = [2.0, 8.0, 30.0]


def _transient_only(task: object, run: object, state: Any) -> bool:  # noqa: ARG001
    error = state.result(raise_on_failure=False)
    return isinstance(error, Transient)


step = task(
    cache_policy=NO_CACHE,
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=0.5,
    retry_condition_fn=_transient_only,
    persist_result=False,
)


@step
def ingest(run: Run, table: str) -> TableRecord:
    """Source to silver, for one table."""
    return pipeline.ingest(run, table)


@step
def build(run: Run, marts: frozenset[str]) -> tuple[list[MartRecord], dict[str, State]]:
    """The marts whose inputs have changed."""
    return presentation.build(run, marts)


@step
def publish(run: Run, engine: Engine, states: dict[str, State], proven: frozenset[str]) -> tuple[int, dict[str, bool]]:
    """All changed marts into the warehouse, or none."""
    return presentation.publish(run, engine, states, proven)


@step
def mirror(run: Run, engine: Engine, behind: list[Place]) -> list[MirrorRecord]:
    """Each layer into the schema of its name, table by table."""
    return mirrors.refresh(run, engine, behind)


@step
def reconcile(run: Run, engine: Engine) -> None:
    """Every mart and mirror in the warehouse, whole, against the lake."""
    course.refuse_difference(run, engine)


@step
def record(run: Run, report: RunReport) -> None:
    """The ledger row, and the tables on the page of the run."""
    ledger.append(run.lake, report)
    artifacts.show(run, report, quality_log.of_run(run.lake, run.run_id))
