"""A flow that does nothing to the marketplace: it takes its settings, tries the lake, and waits."""

import time

from prefect import flow, get_run_logger

from lakehouse import settings
from lakehouse.lake import Lake


@flow(name="quick")
def quick(seconds: float = 0) -> str:
    """Tells that all the doors that a run needs open."""
    found = settings.load()
    Lake.of(found).check_writable()
    get_run_logger().info("lake %s, user %s", found.lake, found.source.user)
    time.sleep(seconds)
    return found.lake
