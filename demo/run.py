"""`python -m demo.run`: the main job on real servers: three runs over two days of a marketplace."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import create_engine

import transforms
from demo import checks, horizon, schemas
from demo.checks import Check
from demo.marketplace.admin import Admin, admin_of
from demo.marketplace.evolve import evolve, open_late
from demo.marketplace.generate import generate
from demo.marketplace.manifest import Manifest
from demo.report import page, quality, tables
from demo.report.metrics import METRICS, answer
from demo.servers import stack
from demo.servers.stack import Stack
from demo.watch import watched
from lakehouse import ledger
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport

FOLDER = Path(".demo")
SECONDS = 1_200
HORIZON_SECONDS = 30


class Demo:
    """The servers, the console, and what was seen on the way."""

    def __init__(self, servers: Stack, console: Console) -> None:
        self.servers, self.console = servers, console
        self.admin = admin_of(servers.source)
        self.lake = Lake(str(servers.lake))
        self.peak = 0
        self.checks: list[Check] = []

    def run(self, mode: str) -> RunReport:
        """One run through the command line, as a person would; returns its record."""
        environment = {**os.environ, **self.servers.environment(), "PREFECT_LOGGING_LEVEL": "INFO"}
        code, peak = watched([sys.executable, "-m", "cli.main", "run", "--mode", mode], environment, SECONDS)
        if code:
            sys.exit(f"the run in mode {mode} failed; the log is above")
        self.peak = max(self.peak, peak)
        found = ledger.newest(self.lake)
        assert found is not None
        return found

    def show_metrics(self, report: Path) -> None:
        """The seven metrics at the terminal, and the page with all of them and the ledger."""
        engine = create_engine(self.servers.warehouse.url("psycopg", "warehouse"))
        answers = {metric: answer(engine, metric) for metric in METRICS}
        for metric, rows in answers.items():
            tables.show(self.console, metric, rows)
        page.write(report, answers, ledger.reports(self.lake), quality.look(self.lake, transforms.catalog()))
        engine.dispose()


def main() -> None:
    """Servers, a marketplace, a first run, its next day, a run with reconcile, and a run with nothing to do."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    scale = float(os.environ.get("DEMO_SCALE", "1"))
    began = time.monotonic()
    with _step(console, "1. servers: MariaDB, PostgreSQL, Prefect"):
        stack.stop(FOLDER.resolve())
        servers = stack.start(FOLDER.resolve())
        schemas.make(servers)
    try:
        demo = Demo(servers, console)
        runs = _play(demo, scale)
        console.rule("7. the seven metrics, from the warehouse")
        demo.show_metrics(FOLDER / stack.REPORT)
        console.rule("8. the warehouse: each layer in the schema of its name")
        schemas.show(console, servers)
        demo.checks += [
            checks.everything_balances(runs),
            checks.mirrors_are_equal(schemas.compared(servers, demo.lake)),
            checks.memory_is_bounded(demo.peak),
        ]
    finally:
        servers.stop()
    _summary(console, demo.checks, runs, time.monotonic() - began)


def _play(demo: Demo, scale: float) -> list[RunReport]:
    console, admin, catalog = demo.console, demo.admin, transforms.catalog()
    with _step(console, f"2. a marketplace of scale {scale:g}"):
        planted = _generate(console, admin, scale)
        late = open_late(admin)
    with _step(console, "3. first run: everything, while a transaction stays open"):
        first = demo.run("incremental")
    with _step(console, "4. the next day: changes, deletions, and the late commit"):
        _tell(console, evolve(admin, late=late))
        console.print(f"waited {_wait(demo.servers):.1f} s, until the safe horizon had passed it all")
    with _step(console, "5. second run: what changed, and a reconcile of every table"):
        second = demo.run("reconcile")
    before = checks.versions(demo.lake, catalog)
    with _step(console, "6. third run: nothing to do"):
        third = demo.run("incremental")
    demo.checks += [
        checks.all_dirt_is_found(planted, first),
        checks.nothing_was_done(third, before, checks.versions(demo.lake, catalog)),
    ]
    return [first, second, third]


def _wait(servers: Stack) -> float:
    try:
        return horizon.wait(servers.source, HORIZON_SECONDS)
    except horizon.HorizonStands as error:
        sys.exit(str(error))


def _generate(console: Console, admin: Admin, scale: float) -> Manifest:
    bars = Progress(TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), console=console)
    tasks: dict[str, object] = {}
    with bars:

        def show(table: str, done: int, rows: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=rows)
            bars.update(tasks[table], completed=done)  # type: ignore[arg-type]

        return generate(admin, scale, progress=show)


def _tell(console: Console, day: Manifest) -> None:
    changed = sum(len(keys) for keys in day.status_changes.values())
    untouched = sum(len(keys) for keys in day.untouched.values())
    deleted = sum(len(keys) for keys in day.deleted.values())
    console.print(
        f"{sum(day.inserted.values())} new rows, {changed} bookings changed state, {len(day.moved)} stays moved to "
        f"another month, {untouched} rows changed with an untouched cursor, {deleted} rows deleted, {len(day.late)} "
        "bookings committed late"
    )


@contextmanager
def _step(console: Console, title: str) -> Iterator[None]:
    console.rule(title)
    began = time.monotonic()
    yield
    console.print(f"[dim]{time.monotonic() - began:.1f} s[/dim]")


def _summary(console: Console, found: list[Check], runs: list[RunReport], seconds: float) -> None:
    console.rule("what was shown")
    for check in found:
        console.print(f"{'✓' if check.holds else '✗'} {check.claim}: {check.figures}", markup=False, highlight=False)
    works = ", ".join(f"{run.mode} {run.seconds:.1f} s" for run in runs)
    console.print(f"\nruns: {works}; all in {seconds:.0f} s")
    console.print(f"charts and ledger: {FOLDER / stack.REPORT}; the lake: {FOLDER / 'lake'}")
    console.print("next: `make up` leaves the servers running, with a deployment to start from the Prefect UI")
    if not all(check.holds for check in found):
        sys.exit("the demo did not show what it should")


if __name__ == "__main__":
    main()
