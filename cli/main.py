"""The console script `lakehouse`: run, look, check and set up; holds no logic of its own."""

from __future__ import annotations

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import deploy, quarantine, show, warehouse
from cli.terminal import console, or_stop, stop
from lakehouse import erasure_log, jars, ledger, settings, status
from lakehouse.lake import Lake
from lakehouse.upkeep_log import UpkeepRecord

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(quarantine.app, name="quarantine", short_help="The rows that rules keep out of silver, and why")
app.add_typer(warehouse.app, name="warehouse", short_help="The warehouse's tables and roles: print, plan, apply")
app.add_typer(deploy.app, name="deploy", short_help="Upload what AWS Glue and EMR Serverless need")
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


class Mode(StrEnum):
    """What a run reads."""

    incremental = "incremental"
    full = "full"
    backfill = "backfill"
    reconcile = "reconcile"


class Target(StrEnum):
    """Where runs take place."""

    local = "local"
    ecs = "ecs"


@app.command()
def run(
    tables: Annotated[list[str] | None, typer.Option("--table", help="A table to run; all when not given")] = None,
    mode: Annotated[Mode, typer.Option(help="What to read")] = Mode.incremental,
    since: Day = None,
    until: Day = None,
    as_of: Day = None,
    publish: Annotated[bool, typer.Option(help="Release the marts to the warehouse")] = True,
) -> None:
    """Carries what has changed from the source to the warehouse, and proves it."""
    or_stop(settings.load)
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "60")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "lakehouse")
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "60")
    from httpx import TransportError  # noqa: PLC0415

    from flows.marketplace import marketplace  # noqa: PLC0415

    days = {n: d.date() if d else None for n, d in (("since", since), ("until", until), ("as_of", as_of))}
    try:
        state = marketplace(tuple(tables or ()), mode.value, **days, publish=publish, return_state=True)
    except TransportError as error:
        stop(f"the Prefect API was lost ({type(error).__name__}); what is committed stays and is right: run again")
    found = state.result(raise_on_failure=False)
    if isinstance(found, ledger.RunReport):
        show.report(found, console())
    if not state.is_completed():
        stop(str(state.message or found))


@app.command()
def reconcile(
    warehouse: Annotated[
        bool, typer.Option("--warehouse", help="Compare the warehouse with the lake, every mart and mirror whole")
    ],
) -> None:
    """Compares marts and mirrors with the lake, and names the first keys that differ; exit code 1 where any do.

    `lakehouse run --mode reconcile` compares the source with the lake.
    """
    assert warehouse
    import transforms  # noqa: PLC0415
    from cli.warehouse import with_engine  # noqa: PLC0415
    from lakehouse import mirrors  # noqa: PLC0415
    from lakehouse.warehouse.reconcile import compare  # noqa: PLC0415

    given, catalog = or_stop(settings.load), transforms.catalog()
    lake = Lake.of(given)
    both = lambda engine: [*compare(engine, lake, catalog), *mirrors.compare(given, engine, catalog)]  # noqa: E731
    found = or_stop(lambda: with_engine(both))
    show.comparisons(found, console())
    if not all(one.equal for one in found):
        raise typer.Exit(1)


@app.command(name="status")
def show_status(
    run_id: Annotated[str | None, typer.Option("--run", help="The ledger of this run; `last` for the last one")] = None,
) -> None:
    """How far each table and mart has come: watermark, lag, rows, last run; and who was erased when."""
    lake = Lake.of(or_stop(settings.load))
    if run_id is None:
        import transforms  # noqa: PLC0415

        show.status(*or_stop(lambda: status.status(lake, transforms.catalog())), console())
        show.erasures(erasure_log.records(lake), console())
        return
    report = ledger.newest(lake, None if run_id == "last" else run_id)
    if report is None:
        stop(f"there is no record of run {run_id}; `lakehouse status` shows the last run of each table")
    show.report(report, console())
    show.certificate(report, console())


@app.command(name="settings")
def show_settings() -> None:
    """The settings in force; secrets hidden."""
    show.settings(or_stop(settings.load), console())


@app.command()
def check(
    source: Annotated[bool, typer.Option("--source", help="Only the source, every assumption of it")] = False,
    image: Annotated[bool, typer.Option("--image", help="Only the container image, without any server")] = False,
) -> None:
    """Looks at everything a run needs, and says what to do about what is missing."""
    from cli import doctor  # noqa: PLC0415

    if image:
        from cli.image import needs  # noqa: PLC0415

        if not doctor.met(needs(jars.default_folder()), console()):
            raise typer.Exit(1)
        return
    look = doctor.check_source if source else doctor.check
    if not or_stop(lambda: look(settings.load(), console())):
        raise typer.Exit(1)


@app.command()
def erase(
    user: Annotated[str, typer.Option(help="The id of the person, as the source has it")],
) -> None:
    """Puts a random id in the place of a person's in every layer and the warehouse, for good; prints a receipt."""
    from cli import erase as erasing  # noqa: PLC0415

    or_stop(lambda: erasing.erase(settings.load(), user, console()))


@app.command()
def upkeep(
    tables: Annotated[list[str] | None, typer.Option("--table", help="A table of the source to tend; else all")] = None,
    keep_days: Annotated[int, typer.Option(help="Days for which old versions stay, 7 or more")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing")] = False,
) -> None:
    """Puts small files of the lake together, and removes those that no version in use needs; no row changes."""
    import transforms  # noqa: PLC0415
    from lakehouse.upkeep import Upkeep  # noqa: PLC0415

    def tend() -> list[UpkeepRecord]:
        asked = Upkeep.of(Lake.of(settings.load()), keep_days, dry_run=dry_run)
        return list(asked.tend(transforms.catalog(), tables or ()))

    found = or_stop(tend)
    show.upkeep(found, console())
    if any(record.error for record in found):
        raise typer.Exit(1)


@app.command()
def setup(
    target: Annotated[Target, typer.Option(help="Where runs take place; the work pool has its name")] = Target.local,
    stack: Annotated[str | None, typer.Option(help="CloudFormation stack that fills the work pool of ECS")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing")] = False,
) -> None:
    """Makes Prefect ready: blocks, work pool, automations, deployments, schedules; twice is once."""
    from deployments import pools  # noqa: PLC0415
    from deployments import setup as deployment  # noqa: PLC0415

    chosen = pools.TARGETS[target.value]
    for line in or_stop(lambda: deployment.setup(settings.load(), chosen, stack, dry_run=dry_run)):
        typer.echo(line)
    if dry_run:
        typer.echo("nothing was changed")


@app.command()
def docs(
    out: Annotated[Path, typer.Option(help="Folder of the pages; other pages in it are removed")] = Path(
        "docs/catalog"
    ),
    samples: Annotated[Path, typer.Option(help="Folder of the rows that the samples are made of")] = Path(
        "docs/catalog/samples"
    ),
) -> None:
    """Writes the documentation of all tables and marts from their files, with sample rows that Spark makes."""
    import transforms  # noqa: PLC0415
    from cli import pages  # noqa: PLC0415
    from cli import samples as sampling  # noqa: PLC0415

    def write() -> list[Path]:
        catalog = transforms.catalog()
        return pages.write(catalog, sampling.samples(catalog, sampling.session(), samples.resolve()), out)

    typer.echo("\n".join(map(str, or_stop(write))) or f"{out}: all pages are as the files say")


@app.command(name="marts")
def show_marts(
    mart: Annotated[str | None, typer.Option(help="All about this one, and how it stands in the lake")] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="The graph as Mermaid source")] = False,
) -> None:
    """Draws which mart is made of which tables and marts, in the order in which they are built."""
    import transforms  # noqa: PLC0415
    from cli import diagrams, marts  # noqa: PLC0415

    catalog = or_stop(transforms.catalog)
    if mart is not None:
        or_stop(lambda: marts.one(catalog, mart, console()))
    elif mermaid:
        typer.echo(diagrams.lineage(catalog, catalog.marts))
    else:
        marts.waves(catalog, console())


if __name__ == "__main__":
    app()
