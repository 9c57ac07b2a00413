"""`lakehouse deploy`: what an engine other than Prefect must be given."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.terminal import or_stop

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def deploy() -> None:
    """Uploads what an engine other than Prefect must be given."""


@app.command()
def glue(
    stack: Annotated[str, typer.Option(help="CloudFormation stack of lakehouse.yaml")] = "lakehouse",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be uploaded, and upload nothing")] = False,
) -> None:
    """Uploads code, jars and script for AWS Glue and EMR Serverless; prints the command that updates the stack."""
    from deployments.glue import upload  # noqa: PLC0415

    for line in or_stop(lambda: upload.deploy(stack, dry_run=dry_run)):
        typer.echo(line)
    if dry_run:
        typer.echo("nothing was uploaded")


@app.command()
def emr(
    environment: Annotated[str, typer.Option(help="Address of an archive with Python and what a job imports")],
    stack: Annotated[str, typer.Option(help="CloudFormation stack of glue.yaml")] = "lakehouse-glue",
) -> None:
    """Prints what `aws emr-serverless start-job-run --cli-input-json` is to be given for a whole run."""
    from deployments.glue import emr as serverless  # noqa: PLC0415

    typer.echo(json.dumps(or_stop(lambda: serverless.request(stack, environment)), indent=2))
