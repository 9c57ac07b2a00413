"""What a record says of the error that stopped a table, a mart or a mirror."""

from __future__ import annotations

import logging
import subprocess

from pyspark import SparkContext
from pyspark.sql import is_remote

from lakehouse import connect
from lakehouse.contracts import PipelineError

LOG = logging.getLogger(__name__)
OUT_OF_MEMORY = 3  # Java's exit code then, by -XX:+ExitOnOutOfMemoryError
LAST_SECONDS = 1  # its connections end before it does
SAFE = "what was not committed left nothing, and it is safe to run again"


def told(what: str, error: Exception) -> str:
    """What a record says of the error that stopped `what`; one that is not ours goes into the log, whole."""
    if isinstance(error, PipelineError):
        return str(error)
    LOG.error("%s stopped by an error of ours", what, exc_info=error)
    return _lost(error) or f"unexpected {type(error).__name__}; the run's log has it whole"


def _lost(error: Exception) -> str | None:
    """That Spark is gone, if it is."""
    if is_remote():
        return f"the Spark Connect server was lost; {SAFE}" if connect.is_lost(error) else None
    java = getattr(SparkContext._gateway, "proc", None)  # none where somebody else has started it
    if java is None:
        return None
    try:
        code = java.wait(LAST_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    if code == OUT_OF_MEMORY:
        return f"Spark ran out of memory and has ended; raise LAKEHOUSE_SPARK__DRIVER_MEMORY; {SAFE}"
    return f"Spark has ended in mid-run (exit code {code}; -9: killed, as when the container lacks memory); {SAFE}"
