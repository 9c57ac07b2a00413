"""The parent flow: tables side by side, then marts, release, proofs and the record of it all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed, wait
from prefect.states import Completed, Failed, State
from prefect.task_runners import ThreadPoolTaskRunner
from sqlalchemy import Engine

import transforms
from flows.parameters import AsOf, Publish, ReadMode, Since, Tables, Until, run_name
from flows.table import table_flow
from flows.turns import turn
from lakehouse import arrival, course, mirrors, pipeline, presentation, session, settings
from lakehouse.contracts import PipelineError
from lakehouse.course import Course
from lakehouse.ledger import MartRecord, RunReport, TableRecord
from lakehouse.pipeline import Run
from lakehouse.settings import Settings
from lakehouse.warehouse import release as releases
from tasks import artifacts, steps
from tasks.blocks import warehouse

CANCEL_SECONDS = 0.2  # a table asks for many jobs, one after the other, so a canceled run looks again and again


@flow(name="marketplace", flow_run_name=run_name, persist_result=False)
def marketplace(
    tables: Tables = (),
    mode: ReadMode = "incremental",
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    publish: Publish = True,
) -> State:
    """Carries the marketplace's changed rows to the marts, proves it, and keeps a record."""
    began = time.monotonic()
    try:
        found, catalog = settings.load(), transforms.catalog()
        names = sorted(map(str, tables)) or sorted(catalog.tables)
        with ThreadPoolExecutor(1) as beside:  # the source is asked, and waits, while all else is looked at
            opening = beside.submit(_opened, names, found, catalog, mode, since, until, as_of)
            with _engine(found, publish=publish) as engine:
                session.refuse_unready(found)
                run, changed, failed = opening.result()
                _say(run, changed)
                records = (*failed, *_fan_out(run, changed))
                report = _run(Course(run, tuple(names), tuple(changed), records), engine, began)
        steps.record(run, report)
    except PipelineError as error:
        return Failed(message=str(error), data=error)
    if report.errors:
        return Failed(message="; ".join(report.errors), data=report)
    return Completed(message=report.outcome, data=report)


@contextmanager
def _engine(found: Settings, *, publish: bool) -> Iterator[Engine | None]:
    """The warehouse, which answers before anything is read; None where nothing is published."""
    if not publish:
        yield None
        return
    engine = warehouse(found).engine()
    try:
        releases.serving(engine)
        yield engine
    finally:
        engine.dispose()


def _opened(names: list[str], *asked: Any) -> tuple[Run, list[str], list[TableRecord]]:
    """A run, what it has to do, and what cannot be looked at."""
    run = pipeline.start(*asked)
    return run, *course.plan(run, names)


def _say(run: Run, changed: list[str]) -> None:
    log = get_run_logger()
    log.info(
        "as of %s, horizon by %s; to do: %s",
        run.as_of,
        run.horizon.evidence,
        ", ".join(changed) or "no table",
    )
    for caution in run.horizon.cautions:
        log.warning(caution)


def _run(found: Course, engine: Engine | None, began: float) -> RunReport:
    run = found.run
    try:
        marts, release = _marts(found, engine)
    except PipelineError as error:
        marts, release = [MartRecord("marts", "failed", error=str(error))], 0
    mirrored = mirrors.brought(run, engine, steps.mirror) if engine is not None else ()
    if run.mode == "reconcile" and engine is not None:
        marts = [*marts, *_compared(run, engine)]
    seconds, used_jvm = time.monotonic() - began, session.running() is not None
    return found.report(marts, release, mirrored, seconds, used_jvm=used_jvm)


def _fan_out(run: Run, names: list[str]) -> list[TableRecord]:
    if not names:
        return []
    stop, beginning = threading.Event(), threading.Lock()
    canceled = partial(TableRecord, status="canceled", error="canceled")

    @task(task_run_name="{table}", cache_policy=NO_CACHE, persist_result=False)
    def one(table: str) -> TableRecord:
        try:
            with turn(beginning):
                if stop.is_set():
                    return canceled(table)
                with arrival.ahead(run.settings):
                    return table_flow(table, run.mode, run.run_id, run.horizon, run.as_of, run.since, run.until)
        except Exception as error:
            return canceled(table) if stop.is_set() else course.stopped(table, error)

    with ThreadPoolTaskRunner(max_workers=run.settings.parallel_tables) as runner:
        futures = [runner.submit(one, {"table": name}) for name in names]
        try:
            progress = artifacts.Progress(len(names))
            for _ in as_completed(futures):
                progress.advance()
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            while wait(futures, timeout=CANCEL_SECONDS).not_done:
                session.stop_jobs()
            raise


def _marts(found: Course, engine: Engine | None) -> tuple[list[MartRecord], int]:
    run, ready = found.run, found.ready
    if not found.has_marts_to_do(ready, engine):
        if engine is not None:
            presentation.note_freshness(run, engine, ready, found.proven)
        return [], 0
    records, states = steps.build(run, ready)
    if engine is None:
        return records, 0
    release, proofs = steps.publish(run, engine, states, found.proven)
    return [replace(r, warehouse_equals_gold=proofs.get(r.name)) for r in records], release


def _compared(run: Run, engine: Engine) -> list[MartRecord]:
    """What the warehouse serves, whole, against the lake: a record only where something differs."""
    try:
        steps.reconcile(run, engine)
    except PipelineError as error:
        return [MartRecord("warehouse", "differs", error=str(error))]
    return []
