"""How the command line speaks: a console as wide as its reader, and errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

import typer
from rich.console import Console

from lakehouse.contracts import PipelineError

Result = TypeVar("Result")


def console() -> Console:
    """Standard output; 150 columns wide where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 150)


def or_stop(call: Callable[[], Result]) -> Result:
    """What the call returns; an error of the pipeline ends the command with its message."""
    try:
        return call()
    except PipelineError as error:
        stop(str(error))


def stop(message: str) -> NoReturn:
    """Ends the command with one line on standard error and exit code 1."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
